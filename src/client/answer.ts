/** Answers of the server as values, or as the StatusError that they are. */
import { type Status, StatusError } from '../kinds/status.ts';
import { responseBytesMax } from './limits.ts';
import { bodyBytes, TransportError, type TransportResponse } from './transport.ts';

/** Upstream's reasons for answers that are no Status. Source: k8s.io/apimachinery NewGenericServerResponse. */
const reasonOf: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** What of a text that is no Status is told in the message. */
const quotedCharactersMax = 512;

export function parseJson(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TransportError(
      `the server's answer is not JSON: ${JSON.stringify(text.slice(0, quotedCharactersMax))}`,
      error,
    );
  }
}

export function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'Status';
}

export function statusErrorOf(status: Status, httpCode = 500): StatusError {
  return new StatusError(
    status.code ?? httpCode,
    status.reason ?? reasonOf[status.code ?? httpCode] ?? '',
    status.message ?? 'the server did not say why',
    status.details,
    { ...(status.metadata?.continue ? { continue: status.metadata.continue } : {}) },
  );
}

/** The error of an answer whose status is not 2xx. */
export function failureOf(response: TransportResponse): StatusError {
  const bytes = response.body instanceof Uint8Array ? response.body : new Uint8Array();
  let body: unknown;
  try {
    body = parseJson(bytes);
  } catch {
    body = undefined;
  }
  if (isStatus(body)) return statusErrorOf(body, response.status);
  const text = Buffer.from(bytes.subarray(0, quotedCharactersMax)).toString('utf8').trim();
  const why = text === '' ? 'without saying why' : `with ${JSON.stringify(text)}`;
  return new StatusError(
    response.status,
    reasonOf[response.status] ?? '',
    `the server answered ${response.status} ${why}`,
  );
}

/** The object in a good answer. Throws StatusError for any other. */
export function objectOf<Type>(response: TransportResponse): Type {
  if (response.status < 200 || response.status > 299) throw failureOf(response);
  const bytes = bodyBytes(response);
  if (bytes.length > responseBytesMax)
    throw new TransportError(`the answer has ${bytes.length} bytes, at most ${responseBytesMax} are taken`);
  return parseJson(bytes) as Type;
}
