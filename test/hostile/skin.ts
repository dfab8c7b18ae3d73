/** The HTTP skin around a handler of the test's own. */

import { type HttpServer, startHttpServer } from '../../src/apiserver/http/server.ts';
import type { HttpSettings } from '../../src/apiserver/http/settings.ts';
import type { Handler } from '../../src/apiserver/request.ts';
import type { KeyPair } from '../../src/cluster/issue.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { systemClock } from '../../src/lib/system.ts';
import { type Answer, type Asked, askHttp1, askHttp2, http2Session } from './clients.ts';
import type { TestTls } from './tls.ts';

export const protocols = ['HTTP/2', 'HTTP/1.1'] as const;
export type Protocol = (typeof protocols)[number];

export function serve(
  tls: TestTls,
  handler: Handler,
  settings: Partial<HttpSettings> = {},
  port = 0,
): Promise<HttpServer> {
  return startHttpServer({
    handler,
    tls: { ...tls.server, clientAuthority: tls.authority },
    clock: systemClock,
    log: silentLogger,
    bindAddress: '127.0.0.1',
    port,
    settings: { drainMilliseconds: 500, ...settings },
  });
}

/** A server that waits for nothing long, and what its handler was asked. */
export async function serveImpatiently(tls: TestTls): Promise<{ server: HttpServer; handled: string[] }> {
  const handled: string[] = [];
  const handler: Handler = async (request) => {
    handled.push(request.url);
    if (request.url === '/never') return new Promise(() => {});
    if (request.url === '/endless')
      return { status: 200, headers: {}, body: [Buffer.alloc(32 * 1024 * 1024)] };
    return { status: 200, headers: {}, body: [Buffer.from(`${request.method} ${request.body.length}`)] };
  };
  const server = await serve(tls, handler, {
    headersMilliseconds: 300,
    bodyMilliseconds: 300,
    handlerMilliseconds: 300,
    responseStallMilliseconds: 300,
    idleMilliseconds: 1000,
    lingerMilliseconds: 300,
    handshakeMilliseconds: 300,
    drainMilliseconds: 300,
  });
  return { server, handled };
}

/** One exchange on a connection of its own. */
export async function ask(
  protocol: Protocol,
  options: { tls: TestTls; server: HttpServer; client?: KeyPair | undefined },
  asked: Asked,
): Promise<Answer> {
  const target = { port: options.server.port, authority: options.tls.authority, client: options.client };
  if (protocol === 'HTTP/1.1') return askHttp1(target, asked);
  const session = http2Session(target);
  try {
    return await askHttp2(session, asked);
  } finally {
    session.close();
  }
}

/** Waits for something that must happen soon. */
export async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; !condition(); attempt++) {
    if (attempt >= 400) throw new Error('did not happen in 2 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
