/** What a kubelet refuses, as the API server tells it. Source: registry/generic/rest/response_checker.go, NewGenericServerResponse. */
import type { IncomingMessage } from 'node:http';
import { badRequestError, internalError, StatusError } from '../../kinds/status.ts';
import { refusalBytesMax } from './limits.ts';

const meanings: Readonly<Record<number, { reason: string; message?: string }>> = {
  401: { reason: 'Unauthorized', message: 'the server has asked for the client to provide credentials' },
  403: { reason: 'Forbidden' },
  404: { reason: 'NotFound', message: 'the server could not find the requested resource' },
  405: {
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
  },
  429: {
    reason: 'TooManyRequests',
    message: 'the server has received too many requests and has asked us to try again later',
  },
  503: {
    reason: 'ServiceUnavailable',
    message: 'the server is currently unable to handle the request',
  },
  504: {
    reason: 'Timeout',
    message:
      'the server was unable to return a response in the time allotted, but may still be processing the request',
  },
};

/** `subject` is what was asked for: `{ plural: 'pods/log', name: 'web' }`. */
export function refusalOf(
  status: number,
  text: string,
  subject: { plural: string; name: string },
): StatusError {
  if (status === 500) return internalError(text);
  if (status === 400) return badRequestError(text);
  const known = meanings[status];
  const reason = known?.reason ?? (status >= 500 ? 'InternalError' : '');
  const message =
    known?.message ??
    (status === 403
      ? text
      : status >= 500
        ? `an error on the server (${JSON.stringify(text)}) has prevented the request from succeeding`
        : `the server responded with the status code ${status} but did not return more information`);
  // The verb is not known here, and upstream leaves its place empty.
  return new StatusError(status, reason, `${message} ( ${subject.plural} ${subject.name})`, {
    name: subject.name,
    kind: subject.plural,
  });
}

/** The beginning of a refusal's text. */
export async function refusalText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= refusalBytesMax) break;
    }
  } catch {
    // What has come says more than how it ended.
  }
  return Buffer.concat(chunks).subarray(0, refusalBytesMax).toString();
}
