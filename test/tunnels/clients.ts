/** Clients of tunnels: raw upgrades, and WebSockets as kubectl speaks them. */
import type { TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { rawConnect } from '../hostile/tls.ts';
import type { Rig } from './rig.ts';

export const execPath = (words: string[], more = 'stdout=true&stderr=true', pod = 'web'): string =>
  `/api/v1/namespaces/default/pods/${pod}/exec?${words.map((word) => `command=${encodeURIComponent(word)}&`).join('')}${more}`;

export interface RawUpgrade {
  readonly socket: TLSSocket;
  /** All that has come so far, head and all. */
  text(): string;
  ended(): boolean;
}

/** Asks to upgrade, with anything at all behind the head. */
export async function rawUpgrade(
  rig: Rig,
  url: string,
  { method = 'POST', headers = spdyHeaders, behind = '' } = {},
): Promise<RawUpgrade> {
  const socket = await rawConnect({ ...rig.target, protocol: 'http/1.1' });
  let text = '';
  let over = false;
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.once('close', () => {
    over = true;
  });
  socket.write(`${method} ${url} HTTP/1.1\r\nHost: x\r\n${headers}\r\n${behind}`);
  return { socket, text: () => text, ended: () => over };
}

export const spdyHeaders =
  'Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v5.channel.k8s.io\r\n' +
  'X-Stream-Protocol-Version: v4.channel.k8s.io\r\n';

export interface ChannelClient {
  readonly socket: WebSocket;
  /** `1: text`, joined while the channel stays the same. */
  readonly log: string[];
  send(channel: number, bytes: string | Uint8Array | number[]): void;
  until(condition: () => boolean): Promise<void>;
}

export function openWebSocket(
  rig: Rig,
  url: string,
  options: { protocols?: string[]; headers?: Record<string, string>; anonymous?: boolean } = {},
): ChannelClient {
  const { protocols = ['v5.channel.k8s.io'], headers = {}, anonymous = false } = options;
  const { client } = rig.target;
  const socket = new WebSocket(`wss://127.0.0.1:${rig.target.port}${url}`, protocols, {
    ca: rig.target.authority,
    ...(anonymous ? {} : { cert: client.certificate, key: client.key }),
    headers,
  });
  const log: string[] = [];
  socket.on('open', () => log.push(`open ${socket.protocol}`));
  socket.on('message', (data: Buffer) => log.push(`${data[0]}: ${data.subarray(1)}`));
  socket.on('unexpected-response', (_request, response) => {
    let text = '';
    response.on('data', (chunk) => {
      text += chunk;
    });
    response.on('end', () => log.push(`${response.statusCode} ${text.trim()}`));
  });
  socket.on('error', () => log.push('error'));
  socket.on('close', (code) => log.push(`close ${code}`));
  return {
    socket,
    log,
    send: (channel, bytes) =>
      socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(bytes as Uint8Array)])),
    until,
  };
}

/** Waits for what must happen, however busy the machine is. */
export async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; !condition(); attempt++) {
    if (attempt >= 6000) throw new Error('did not happen in 30 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
