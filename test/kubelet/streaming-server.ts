/** A container runtime's streaming server that says what it is asked, and sends back what it is sent. */
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect as connectPlain, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface StreamingServer {
  /** `127.0.0.1:1234` */
  readonly address: string;
  /** `POST /exec/1 upgrade=SPDY/3.1 ...` of each that came. */
  readonly requests: readonly string[];
  readonly connections: ReadonlySet<Socket>;
  /** What it answers to those that come from now on; undefined: a stream. The text is sent as it is. */
  answer(text: string | undefined): void;
}

export async function startStreamingServer(t: Pick<TestContext, 'after'>): Promise<StreamingServer> {
  const requests: string[] = [];
  const connections = new Set<Socket>();
  let answer: string | undefined;
  const server = createServer();
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => {});
    const { upgrade, 'x-stream-protocol-version': versions, authorization } = request.headers;
    requests.push(`${request.method} ${request.url} ${upgrade} ${versions} ${authorization}`);
    if (answer !== undefined) {
      socket.write(answer);
      socket.resume().on('end', () => socket.end());
      return;
    }
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\nhello ',
    );
    socket.write(head);
    // Its own end comes after that of the other side, and after what is left to say.
    socket.on('data', (bytes) => socket.write(bytes));
    socket.on('end', () => socket.end(' bye'));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    for (const socket of connections) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    requests,
    connections,
    answer: (text) => {
      answer = text;
    },
  };
}

/** A port at which nobody listens: it was free a moment ago, and connecting to it is refused. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  await new Promise<void>((resolve) => {
    connectPlain(port, '127.0.0.1').once('error', () => resolve());
  });
  return port;
}
