/**
 * The filter chain: one ordered list, outermost first. Each filter may answer, refuse by throwing a StatusError, at once or
 * in its promise, or call the next one. Every request goes through all of them: one that need not wait is no async function.
 */
import {
  internalError,
  StatusError,
  tooLargeError,
  tooManyRequestsError,
  unauthorizedError,
} from '../../kinds/status.ts';
import { WherryError } from '../../lib/errors.ts';
import { JsonLimitError } from '../../lib/json-scan.ts';
import { StoreClosedError, StoreFullError } from '../../store/errors.ts';
import { type Attributes, type Authorizer, attributesOf, refusal } from '../authorization/attributes.ts';
import { bootstrapRules } from '../authorization/bootstrap-rules.ts';
import type { RequestContext } from '../context.ts';
import { type ApiRequest, type ApiResponse, anonymous, type UserInfo } from '../request.ts';
import { isLongRunning, isStream } from '../tunnels/long-running.ts';
import { isWebSocketRequest, protocolToken } from '../tunnels/websocket-head.ts';
import { impersonatedUser } from './impersonation.ts';
import { checkTimeout } from './timeout.ts';

export type Next = (context: RequestContext) => ApiResponse | Promise<ApiResponse>;
export type Filter = (context: RequestContext, next: Next) => ApiResponse | Promise<ApiResponse>;

/** Requests being answered at once, watches not counted; upstream's numbers. */
export const readingInFlightMax = 400;
export const mutatingInFlightMax = 200;

const readingVerbs: ReadonlySet<string> = new Set(['get', 'list', 'head', 'options']);

/** How many are being answered now; a watch does not count while it streams. The gauges of /metrics serve as counters. */
export type InFlight = Readonly<Record<'readOnly' | 'mutating', { value: number }>>;

function limitInFlight(inFlight: InFlight): Filter {
  return async (context, next) => {
    if (context.info.verb === 'watch' || isLongRunning(context.info.subresource)) return next(context);
    const reading = readingVerbs.has(context.info.verb);
    const lane = reading ? inFlight.readOnly : inFlight.mutating;
    if (lane.value >= (reading ? readingInFlightMax : mutatingInFlightMax))
      throw tooManyRequestsError('Too many requests, please try again later.', 1);
    lane.value++;
    try {
      return await next(context);
    } finally {
      lane.value--;
    }
  };
}

/** Whom a bearer token stands for; undefined: nobody that is known. */
export type CheckToken = (token: string) => Promise<UserInfo | undefined>;

function tokenOf(request: ApiRequest): string | undefined {
  const bearer = /^bearer +(\S*)/i.exec(request.headers.authorization ?? '');
  return bearer === null ? protocolToken(request) : (bearer[1] ?? '');
}

/**
 * A certificate says who, or else a bearer token. Other schemes are not looked at, as upstream: whoever has neither is
 * anonymous.
 */
function authenticate(checkToken: CheckToken): Filter {
  const byToken: Filter = async (context, next) => {
    const token = tokenOf(context.request);
    const user = token === undefined ? anonymous : await checkToken(token);
    if (user === undefined) throw unauthorizedError();
    context.user = user;
    return next(context);
  };
  return (context, next) => {
    const { user } = context.request;
    if (user === undefined) return byToken(context, next);
    context.user = user;
    return next(context);
  };
}

/** Throws 403. */
function impersonate(authorizer: Authorizer): Filter {
  return (context, next) => {
    const { headers } = context.request;
    context.user = impersonatedUser(context.user, { headers, authorizer });
    return next(context);
  };
}

/** A GET by which something is run in a pod. */
function opensStream({ info, request }: RequestContext): boolean {
  return (
    info.verb === 'get' &&
    info.resource === 'pods' &&
    isStream(info.subresource) &&
    isWebSocketRequest(request)
  );
}

/** Throws 403. */
function requireAllowed(attributes: Attributes, authorizer: Authorizer): void {
  const { allowed, reason } = authorizer.authorize(attributes);
  if (!allowed) throw refusal(attributes, reason);
}

/** Throws 403. */
function authorizeRequest(authorizer: Authorizer): Filter {
  return (context, next) => {
    const asked = attributesOf(context.user, context.info);
    requireAllowed(asked, authorizer);
    // To look at a pod is less than to run something in it: a WebSocket, which cannot be POSTed, needs both (v1.35).
    if (opensStream(context)) requireAllowed({ ...asked, verb: 'create' }, authorizer);
    return next(context);
  };
}

/** Throws 400. */
const checkDeadline: Filter = (context, next) => {
  checkTimeout(context.info);
  return next(context);
};

/** In this order, because: */
export function makeFilters(
  inFlight: InFlight,
  checkToken: CheckToken = async () => undefined,
  authorizer: Authorizer = bootstrapRules,
): readonly Filter[] {
  return [
    // what cannot be read needs no answer to anything else;
    checkDeadline,
    // who is asking must be known before anything is refused in their name;
    authenticate(checkToken),
    // who acts as somebody else has that one's permissions, and no more;
    impersonate(authorizer),
    // a stranger is refused before taking one of the places;
    authorizeRequest(authorizer),
    // what is let in is bounded, so that the server answers 429 rather than falling behind.
    limitInFlight(inFlight),
  ];
}

/** Anything thrown below becomes a Status here, and nowhere else. Nothing of the inside shows. */
export function statusOf(error: unknown, onInternal: (error: unknown) => void): StatusError {
  if (error instanceof StatusError) return error;
  if (error instanceof JsonLimitError) return tooLargeError(error.message);
  if (error instanceof StoreFullError) return new StatusError(507, 'InsufficientStorage', error.message);
  if (error instanceof StoreClosedError)
    return new StatusError(503, 'ServiceUnavailable', 'the server is shutting down', {
      retryAfterSeconds: 1,
    });
  if (error instanceof WherryError && error.code === 'STORE_BUSY')
    return tooManyRequestsError('too many writes are waiting, please try again later', 1);
  onInternal(error);
  return internalError('the server could not answer this request; its log says why');
}
