/** Answers a WebSocket's handshake. Framing is `ws`'s; what is said in it is told elsewhere. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ApiRequest } from '../request.ts';
import { finishMilliseconds, messageBytesMax } from './limits.ts';

/** Answers the handshake on the client's connection; undefined when the client has gone. `protocol` '' names none. */
export function acceptWebSocket(
  request: ApiRequest,
  client: Duplex,
  protocol: string,
): WebSocket | undefined {
  const options = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: messageBytesMax,
    handleProtocols: () => (protocol === '' ? (false as const) : protocol),
    // Longer than the package's own: a slow reader still has the end of a long output to take.
    closeTimeout: finishMilliseconds,
  };
  const server = new WebSocketServer(options);
  let accepted: WebSocket | undefined;
  const head = { method: 'GET', url: request.url, headers: { ...request.headers } };
  // The connection stands already: this calls back at once.
  server.handleUpgrade(head as unknown as IncomingMessage, client, Buffer.alloc(0), (socket) => {
    accepted = socket;
  });
  accepted?.on('error', () => accepted?.terminate());
  return accepted;
}
