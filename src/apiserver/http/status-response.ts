import { internalError, StatusError } from '../../kinds/status.ts';
import type { ApiResponse } from '../request.ts';

/** The one form in which the skin itself refuses: a Status, never a stack trace. */
export function statusResponse(error: StatusError, extraHeaders: Record<string, string> = {}): ApiResponse {
  const retryAfterSeconds = error.details?.retryAfterSeconds ?? 0;
  return {
    status: error.httpCode,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-cache, private',
      ...(retryAfterSeconds > 0 ? { 'retry-after': String(retryAfterSeconds) } : {}),
      ...extraHeaders,
    },
    body: [Buffer.from(`${JSON.stringify(error.toStatus())}\n`)],
  };
}

/** What the client may know of a failure: a StatusError as it is, of anything else only that it happened. */
export function publicError(failure: unknown): StatusError {
  return failure instanceof StatusError
    ? failure
    : internalError('the request failed inside the server; its log says more');
}

/** A whole HTTP/1.1 message for a socket that has no request object, because the request could not be parsed. */
export function rawStatusMessage(error: StatusError): string {
  const body = `${JSON.stringify(error.toStatus())}\n`;
  return [
    `HTTP/1.1 ${error.httpCode} ${reasonPhrases.get(error.httpCode) ?? 'Error'}`,
    'content-type: application/json',
    'cache-control: no-cache, private',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}

const reasonPhrases = new Map([
  [400, 'Bad Request'],
  [405, 'Method Not Allowed'],
  [408, 'Request Timeout'],
  [413, 'Payload Too Large'],
  [431, 'Request Header Fields Too Large'],
]);
