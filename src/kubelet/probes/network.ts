/** Probes over the network, as the node makes them: no proxy, no certificate checks, bounded in time and bytes. */
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { type HttpAnswer, outputCharactersMax, type ProbeNetwork } from './probe-once.ts';

const redirectsMax = 10;

const userAgent = 'kube-probe/1.36';

/** As Go words what a socket meets. */
function goError(failure: NodeJS.ErrnoException, address: string): Error {
  const words: Record<string, string> = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
    ENETUNREACH: 'connect: network is unreachable',
    ETIMEDOUT: 'i/o timeout',
  };
  const word = words[failure.code ?? ''];
  return new Error(word === undefined ? failure.message : `dial tcp ${address}: ${word}`);
}

const addressText = (host: string, port: number | string): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

function tcp({ host, port }: { host: string; port: number }, milliseconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const address = addressText(host, port);
    const socket = net.connect({ host, port });
    socket.setTimeout(milliseconds, () => {
      socket.destroy();
      reject(new Error(`dial tcp ${address}: i/o timeout`));
    });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', (failure) => reject(goError(failure, address)));
  });
}

interface Hop extends HttpAnswer {
  readonly location: string | undefined;
}

/** What Go's client goes on from; every other status is an answer. */
const redirects = new Set([301, 302, 303, 307, 308]);

/** The beginning of what it says: of a redirect that leads elsewhere an event tells. */
async function bodyStart(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= outputCharactersMax) break;
  }
  return Buffer.concat(chunks).subarray(0, outputCharactersMax).toString('utf8');
}

function hop(
  url: URL,
  options: { headers: Readonly<Record<string, string>>; signal: AbortSignal },
): Promise<Hop> {
  return new Promise((resolve, reject) => {
    const module = url.protocol === 'https:' ? https : http;
    const request = module.get(url, {
      agent: false,
      // Names as they were written: a Host of the pod's own replaces ours.
      headers: { 'User-Agent': userAgent, Accept: '*/*', Connection: 'close', ...options.headers },
      rejectUnauthorized: false,
      signal: options.signal,
    });
    const fail = (failure: NodeJS.ErrnoException) => {
      const port = url.port || (url.protocol === 'https:' ? 443 : 80);
      const host = url.hostname.replace(/^\[|\]$/g, '');
      const why = options.signal.aborted
        ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        : goError(failure, addressText(host, port)).message;
      reject(new Error(`Get "${url}": ${why}`));
    };
    request.once('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      if (status >= 300 && status < 400) {
        const { location } = headers;
        bodyStart(response).then((body) => resolve({ status, location, body }), fail);
        return;
      }
      // Its status is all that counts: the body is not waited for.
      response.destroy();
      resolve({ status, location: undefined });
    });
    request.once('error', fail);
  });
}

async function httpGet(
  start: string,
  { headers, milliseconds }: { headers: Readonly<Record<string, string>>; milliseconds: number },
): Promise<HttpAnswer> {
  const signal = AbortSignal.timeout(milliseconds);
  let url = new URL(start);
  for (let count = 0; count <= redirectsMax; count++) {
    const { status, location, body } = await hop(url, { headers, signal });
    const answer: HttpAnswer = body === undefined ? { status } : { status, body };
    if (!redirects.has(status) || location === undefined) return answer;
    const next = new URL(location, url);
    // Elsewhere is none of this pod's business: it answered, and that counts.
    if (next.hostname !== url.hostname) return answer;
    url = next;
  }
  throw new Error(`Get "${start}": stopped after ${redirectsMax} redirects`);
}

export function probeNetwork(grpcHealth: ProbeNetwork['grpcHealth']): ProbeNetwork {
  return { http: httpGet, tcp, grpcHealth };
}
