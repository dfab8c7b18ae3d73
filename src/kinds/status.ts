/**
 * API failures as Kubernetes' Status. Thrown anywhere below `handle`, turned into a response in one place.
 * Source of codes, reasons and wording: k8s.io/apimachinery pkg/api/errors.
 */
import { WherryError } from '../lib/errors.ts';
import { causeOf, describeFieldErrors, type FieldError } from './field.ts';

export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { continue?: string };
  status: 'Success' | 'Failure';
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code?: number;
}

/** `code` of the error is the reason (`NotFound`); `httpCode` the number. */
export class StatusError extends WherryError {
  readonly httpCode: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** ListMeta: the token with which an expired list can go on. */
  readonly metadata: { continue?: string };

  constructor(
    httpCode: number,
    reason: string,
    message: string,
    details?: StatusDetails,
    metadata: { continue?: string } = {},
  ) {
    super(reason, message);
    this.httpCode = httpCode;
    this.reason = reason;
    this.details = details;
    this.metadata = metadata;
  }

  toStatus(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.metadata,
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: withoutEmpty(this.details) }),
      code: this.httpCode,
    };
  }
}

/** A field that is empty is not sent, as with Go's omitempty. */
function withoutEmpty(details: StatusDetails): StatusDetails {
  if (details.name !== '' && details.group !== '' && details.kind !== '') return details;
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== ''));
}

/** The resource a failure is about: `{ group: 'apps', plural: 'deployments' }`. */
export interface ResourceName {
  group: string;
  plural: string;
}

const qualified = (resource: ResourceName): string =>
  resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;

const detailsOf = (resource: ResourceName, name: string): StatusDetails => ({
  name,
  ...(resource.group === '' ? {} : { group: resource.group }),
  kind: resource.plural,
});

export const notFoundError = (resource: ResourceName, name: string): StatusError =>
  new StatusError(404, 'NotFound', `${qualified(resource)} "${name}" not found`, detailsOf(resource, name));

/** Whether it says so, whoever it came from. */
export const isNotFoundStatus = (failure: unknown): boolean =>
  failure instanceof StatusError && failure.httpCode === 404;

export const alreadyExistsError = (resource: ResourceName, name: string): StatusError =>
  new StatusError(
    409,
    'AlreadyExists',
    `${qualified(resource)} "${name}" already exists`,
    detailsOf(resource, name),
  );

export const conflictError = (resource: ResourceName, name: string, why: string): StatusError =>
  new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`,
    detailsOf(resource, name),
  );

export const staleObject =
  'the object has been modified; please apply your changes to the latest version and try again';

export function forbiddenError(resource: ResourceName, name: string, why: string): StatusError {
  const subject = name === '' ? qualified(resource) : `${qualified(resource)} "${name}"`;
  return new StatusError(403, 'Forbidden', `${subject} is forbidden: ${why}`, detailsOf(resource, name));
}

/** `kind` is the kind, `Service`, not the plural, as upstream has it for 422. */
export function invalidError(
  kind: { group: string; kind: string },
  name: string,
  errors: FieldError[],
): StatusError {
  const of = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  const shown = errors.slice(0, fieldErrorsMax);
  const more = errors.length > shown.length ? ` (and ${errors.length - shown.length} more)` : '';
  return new StatusError(422, 'Invalid', `${of} "${name}" is invalid: ${describeFieldErrors(shown)}${more}`, {
    name,
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.kind,
    causes: shown.map(causeOf),
  });
}

/** Faults of one object that are told; an object with 25,000 bad labels would make an answer of 9 MB. */
export const fieldErrorsMax = 256;

export const badRequestError = (message: string): StatusError => new StatusError(400, 'BadRequest', message);

export const unauthorizedError = (): StatusError => new StatusError(401, 'Unauthorized', 'Unauthorized');

/** The path names no resource. */
export const noRouteError = (): StatusError =>
  new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});

/** The path is there, and the method is not one of its own. Upstream's router says so before anybody looks at the resource. */
export const methodNotAllowedError = (): StatusError =>
  new StatusError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );

export const notAcceptableError = (accepted: readonly string[]): StatusError =>
  new StatusError(
    406,
    'NotAcceptable',
    `only the following media types are accepted: ${accepted.join(', ')}`,
  );

export const unsupportedMediaTypeError = (accepted: readonly string[]): StatusError =>
  new StatusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );

export const tooLargeError = (message: string): StatusError =>
  new StatusError(413, 'RequestEntityTooLarge', message);

/** The resourceVersion or continue token is older than the history that is kept. */
export const expiredError = (message: string): StatusError => new StatusError(410, 'Expired', message);

export const tooManyRequestsError = (message: string, retryAfterSeconds: number): StatusError =>
  new StatusError(429, 'TooManyRequests', message, { retryAfterSeconds });

export const timeoutError = (message: string, retryAfterSeconds: number, cause?: StatusCause): StatusError =>
  new StatusError(504, 'Timeout', message, { retryAfterSeconds, ...(cause ? { causes: [cause] } : {}) });

export const unavailableError = (message: string, retryAfterSeconds = 1): StatusError =>
  new StatusError(503, 'ServiceUnavailable', message, { retryAfterSeconds });

export const internalError = (message: string): StatusError =>
  new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, {
    causes: [{ message }],
  });
