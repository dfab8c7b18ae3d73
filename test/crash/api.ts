/** Requests to a server that may be gone at any moment: an answer is whole, or it is none. */
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { type Asked, askHttp2 } from '../hostile/clients.ts';

/** The connection ended before the answer was whole: whether the request was carried out is not known. */
export class CutError extends Error {}

export interface ApiObject {
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion: string;
    readonly annotations?: Record<string, string>;
    readonly labels?: Record<string, string>;
  };
  readonly spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly ports?: readonly { readonly nodePort?: number }[];
  };
  readonly data?: Record<string, string>;
  readonly items?: readonly ApiObject[];
  readonly message?: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly object: ApiObject;
}

export interface ApiRequest extends Omit<Asked, 'body'> {
  readonly body?: unknown;
  /** Of the body; JSON unless said otherwise. */
  readonly type?: string;
}

/** Throws CutError. */
export async function ask(session: ClientHttp2Session, request: ApiRequest): Promise<ApiAnswer> {
  const { body, type = 'application/json', ...asked } = request;
  const whole =
    body === undefined ? asked : { ...asked, headers: { 'content-type': type }, body: JSON.stringify(body) };
  const answer = await askHttp2(session, whole).catch((failure: Error) => {
    throw new CutError(failure.message);
  });
  const length = answer.headers['content-length'];
  if (length !== undefined && Number(length) !== answer.body.length) throw new CutError('half an answer');
  try {
    return { status: answer.status, object: JSON.parse(answer.body.toString()) };
  } catch {
    throw new CutError(`half an answer: ${answer.body.toString().slice(0, 200)}`);
  }
}

export interface WatchStream {
  /** How it ended: by the server's own end of the stream, or cut off; or with a status other than 200. */
  readonly ended: Promise<{ readonly clean: boolean; readonly status: number; readonly rest: string }>;
  close(): void;
}

/** Gives every whole line of a watch to `onLine`. */
export function follow(
  session: ClientHttp2Session,
  path: string,
  onLine: (line: string) => void,
): WatchStream {
  const stream = session.request({ ':method': 'GET', ':path': path });
  let status = 0;
  let rest = '';
  let clean = false;
  stream.setEncoding('utf8');
  stream.on('response', (headers: IncomingHttpHeaders) => {
    status = Number(headers[':status']);
  });
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    if (status === 200) for (const line of lines) onLine(line);
  });
  stream.on('error', () => {});
  stream.on('end', () => {
    // The server's own end comes before the stream is taken down. A connection that is reset after a GOAWAY takes its
    // streams down with code 0, within a line too.
    clean = !stream.destroyed;
  });
  const ended = new Promise<Awaited<WatchStream['ended']>>((resolve) => {
    stream.on('close', () => resolve({ clean: clean && stream.rstCode === 0, status, rest }));
  });
  return { ended, close: () => stream.close() };
}
