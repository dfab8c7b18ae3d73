/** Small HTTP clients for tests: one whole exchange, over either protocol. */
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import type { KeyPair } from '../../src/cluster/issue.ts';

export interface Target {
  readonly port: number;
  readonly authority: string;
  readonly client?: KeyPair | undefined;
}

export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: Buffer;
}

export function http2Session(target: Target): ClientHttp2Session {
  const session = connect(`https://localhost:${target.port}`, {
    ca: target.authority,
    ...(target.client === undefined ? {} : { cert: target.client.certificate, key: target.client.key }),
    host: '127.0.0.1',
  } as Parameters<typeof connect>[1]);
  session.on('error', () => {});
  return session;
}

export function askHttp2(session: ClientHttp2Session, asked: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers: OutgoingHttpHeaders = {
      ':method': asked.method ?? 'GET',
      ':path': asked.path,
      ...asked.headers,
    };
    const stream = session.request(headers, { endStream: asked.body === undefined });
    const chunks: Buffer[] = [];
    let head: Record<string, unknown> | undefined;
    stream.on('response', (received) => {
      head = received;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', (failure) => {
      if (head === undefined) reject(failure);
    });
    stream.on('close', () => {
      if (head === undefined) reject(new Error(`no answer to ${asked.path} (code ${stream.rstCode})`));
      else resolve({ status: Number(head[':status']), headers: head, body: Buffer.concat(chunks) });
    });
    if (asked.body !== undefined) stream.end(asked.body);
  });
}

export function askHttp1(target: Target, asked: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        servername: 'localhost',
        port: target.port,
        ca: target.authority,
        ...(target.client === undefined ? {} : { cert: target.client.certificate, key: target.client.key }),
        method: asked.method ?? 'GET',
        path: asked.path,
        headers: asked.headers ?? {},
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        );
      },
    );
    request.on('error', reject);
    request.end(asked.body);
  });
}
