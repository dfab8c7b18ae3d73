import { StatusError } from '../../kinds/status.ts';

/** CONNECT, `OPTIONS *` and the like: the server is no proxy. */
export const methodNotAllowed = new StatusError(
  405,
  'MethodNotAllowed',
  'the server does not allow this method on the requested resource',
  {},
);

export const malformedRequest = new StatusError(400, 'BadRequest', 'the request is not well-formed HTTP');

export const missingHost = new StatusError(400, 'BadRequest', 'missing required Host header');

export const headersTooLarge = new StatusError(
  431,
  'BadRequest',
  'the request line and headers are longer than the server accepts',
);

export const requestTimedOut = new StatusError(408, 'Timeout', 'the request did not arrive in time');

export const expectationFailed = new StatusError(
  417,
  'BadRequest',
  'the only expectation that the server meets is 100-continue',
);
