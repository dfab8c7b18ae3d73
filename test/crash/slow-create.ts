/** A create whose body comes in two halves, so that it is surely under way in between. */

import type { ClientHttp2Session } from 'node:http2';
import { request } from 'node:https';
import type { Target } from '../hostile/clients.ts';

/** Where no writer and no watch of the crash tests is. */
export const slowPath = '/api/v1/namespaces/kube-public/configmaps';

export interface SlowCreate {
  /** Sends the other half; resolves with the status of the answer. */
  finish(): Promise<number>;
}

const headersOf = (body: string) => ({
  'content-type': 'application/json',
  'content-length': `${body.length}`,
});

const bodyOf = (name: string) => JSON.stringify({ metadata: { name }, data: { payload: 'x'.repeat(5000) } });

export function slowCreateHttp2(session: ClientHttp2Session, name: string): SlowCreate {
  const body = bodyOf(name);
  const stream = session.request({ ':method': 'POST', ':path': slowPath, ...headersOf(body) });
  stream.write(body.slice(0, body.length / 2));
  const status = new Promise<number>((resolve, reject) => {
    stream.on('response', (headers) => {
      stream.resume();
      stream.on('end', () => resolve(Number(headers[':status'])));
    });
    stream.on('error', reject);
    stream.on('close', () => reject(new Error(`no answer to the create of ${name}`)));
  });
  status.catch(() => {});
  return {
    finish() {
      stream.end(body.slice(body.length / 2));
      return status;
    },
  };
}

export function slowCreateHttp1(target: Target, name: string): SlowCreate {
  const body = bodyOf(name);
  const outgoing = request({
    host: '127.0.0.1',
    servername: 'localhost',
    port: target.port,
    ca: target.authority,
    cert: target.client?.certificate,
    key: target.client?.key,
    method: 'POST',
    path: slowPath,
    headers: headersOf(body),
    agent: false,
  });
  outgoing.write(body.slice(0, body.length / 2));
  const status = new Promise<number>((resolve, reject) => {
    outgoing.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    outgoing.on('error', reject);
  });
  status.catch(() => {});
  return {
    finish() {
      outgoing.end(body.slice(body.length / 2));
      return status;
    },
  };
}
