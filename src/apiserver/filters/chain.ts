/**
 * The filter chain: one ordered list, outermost first. Each filter may answer, refuse by throwing a StatusError, or call
 * the next one.
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
import type { RequestContext } from '../context.ts';
import { type ApiResponse, anonymous, type UserInfo } from '../request.ts';
import { attributesOf, requireAllowed } from './authorization.ts';

export type Next = (context: RequestContext) => Promise<ApiResponse>;
export type Filter = (context: RequestContext, next: Next) => Promise<ApiResponse>;

/** Requests being answered at once, watches not counted; upstream's numbers. */
export const readingInFlightMax = 400;
export const mutatingInFlightMax = 200;

const readingVerbs: ReadonlySet<string> = new Set(['get', 'list', 'head', 'options']);

/** How many are being answered now; a watch does not count while it streams. The gauges of /metrics serve as counters. */
export type InFlight = Readonly<Record<'readOnly' | 'mutating', { value: number }>>;

function limitInFlight(inFlight: InFlight): Filter {
  return async (context, next) => {
    if (context.info.verb === 'watch') return next(context);
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

/**
 * A certificate says who, or else a bearer token. Other schemes are not looked at, as upstream: whoever has neither is
 * anonymous.
 */
function authenticate(checkToken: CheckToken): Filter {
  return async (context, next) => {
    const { request } = context;
    const bearer = /^bearer +(\S*)/i.exec(request.headers.authorization ?? '');
    if (request.user !== undefined) context.user = request.user;
    else if (bearer === null) context.user = anonymous;
    else {
      const user = await checkToken(bearer[1] ?? '');
      if (user === undefined) throw unauthorizedError();
      context.user = user;
    }
    return next(context);
  };
}

const authorizeRequest: Filter = async (context, next) => {
  requireAllowed(attributesOf(context.user, context.info));
  return next(context);
};

/** In this order, because: */
export function makeFilters(
  inFlight: InFlight,
  checkToken: CheckToken = async () => undefined,
): readonly Filter[] {
  return [
    // who is asking must be known before anything is refused in their name;
    authenticate(checkToken),
    // a stranger is refused before taking one of the places;
    authorizeRequest,
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
