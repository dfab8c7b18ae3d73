/**
 * exec and attach between a client that speaks WebSocket (v5.channel.k8s.io) and a kubelet that speaks SPDY/3.1.
 * Sources: KEP-4006; apiserver/pkg/util/proxy/streamtranslator.go and websocket.go.
 */
import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { StatusError } from '../../kinds/status.ts';
import { SpdySession, type SpdyStream } from '../../lib/spdy/session.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import { type ExitStatus, exitStatusOf, failureOf, streamFailure } from './exit-status.ts';
import {
  exitStatusBytesMax,
  finishMilliseconds,
  socketPendingBytesMax,
  tunnelIdleMilliseconds,
} from './limits.ts';
import type { Tunnels } from './tunnels.ts';
import { type Upgrade, upgradeBackend } from './upgrade.ts';
import { acceptWebSocket } from './websocket.ts';
import { checkHandshake } from './websocket-head.ts';

export const translatedProtocol = 'v5.channel.k8s.io';

export interface WantedStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** The first byte of a message. */
const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;
const closeSignal = 255;

/** The client's handshake is answered at once, as upstream does it; what goes wrong with the kubelet is told in the error channel. */
export function translate(
  request: ApiRequest,
  tunnels: Tunnels,
  options: { upgrade: Upgrade; wanted: WantedStreams },
): ApiResponse {
  checkHandshake(request);
  const leave = tunnels.enter();
  return {
    status: 101,
    headers: {},
    body: [],
    tunnel: (client) => {
      const socket = acceptWebSocket(request, client, translatedProtocol);
      if (socket === undefined) {
        leave();
        return () => {};
      }
      const translator = new Translator(socket, { tunnels, wanted: options.wanted, onClose: leave });
      void translator.run(request, options.upgrade);
      return () => translator.stop();
    },
  };
}

interface TranslatorOptions {
  readonly tunnels: Tunnels;
  readonly wanted: WantedStreams;
  readonly onClose: () => void;
}

class Translator {
  readonly #socket: WebSocket;
  readonly #options: TranslatorOptions;
  readonly #gone = new AbortController();
  #session: SpdySession | undefined;
  #stdin: SpdyStream | undefined;
  #resize: SpdyStream | undefined;
  /** Streams whose ends are waited for: the command's output, and how it ended. */
  readonly #running = new Set<number>();
  #exitText: Buffer[] = [];
  #exitBytes = 0;
  #finished = false;
  #lastSeen: number;
  #cancelIdle = () => {};

  constructor(socket: WebSocket, options: TranslatorOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#lastSeen = options.tunnels.clock.monotonic();
    // Nothing is taken of the client until there is somebody to hand it to.
    socket.pause();
    socket.once('close', () => this.#closed());
    this.#watchIdle();
  }

  async run(request: ApiRequest, upgrade: Upgrade): Promise<void> {
    const { tunnels } = this.#options;
    try {
      const signal = this.#gone.signal;
      const upgraded = await upgradeBackend({ ...headOf(request), signal }, tunnels, {
        ...upgrade,
        leave: () => {},
      });
      if ('refusal' in upgraded) {
        this.#finish(refusedStatus(upgraded.refusal));
        return;
      }
      if (signal.aborted) upgraded.backend.destroy();
      else this.#connect(upgraded.backend);
    } catch (error) {
      const { message } = error as Error;
      // The dialler's words are what upstream's SPDY client has for it.
      this.#finish(
        error instanceof StatusError && error.reason !== ''
          ? failureOf(error)
          : streamFailure(message.replace(/^error dialing backend: /, 'error sending request: ')),
      );
    }
  }

  /** Ends it as a server that drains does. */
  stop(): void {
    this.#session?.close();
    this.#socket.close(1001);
    this.#socket.terminate();
  }

  #connect(backend: Duplex): void {
    const session = new SpdySession(backend, (error) => {
      if (error !== undefined) this.#finish(streamFailure(error.message));
      // Without an error stream's end nobody knows how the command ended, and upstream takes it for done.
      else this.#finish(exitStatusOf(this.#exitTold()));
    });
    this.#session = session;
    const { stdin, stdout, stderr, tty } = this.#options.wanted;
    // It tells that all is set up. Not at once: kubectl before 1.34 drops what comes before it has made its own streams
    // (kubernetes/kubernetes#131189).
    const first = stdout ? channels.stdout : stderr ? channels.stderr : channels.error;
    this.#socket.send(Buffer.from([first]));
    this.#open(session, 'error', channels.error);
    if (stdin)
      this.#stdin = session.open({ streamtype: 'stdin' }, { onData() {}, onEnd: () => this.#stdin?.end() });
    if (stdout) this.#open(session, 'stdout', channels.stdout);
    if (stderr && !tty) this.#open(session, 'stderr', channels.stderr);
    if (tty) this.#resize = session.open({ streamtype: 'resize' }, { onData() {}, onEnd() {} });
    session.onDrain(() => this.#socket.resume());
    this.#socket.on('message', (data: RawData) => this.#onMessage(data as Buffer));
    this.#socket.resume();
  }

  #open(session: SpdySession, streamtype: string, channel: number): void {
    this.#running.add(channel);
    session.open(
      { streamtype },
      {
        onData: (bytes) => {
          if (channel === channels.error) this.#gatherExit(bytes);
          else this.#toClient(channel, bytes);
        },
        onEnd: () => {
          this.#running.delete(channel);
          if (this.#running.size === 0) this.#finish(exitStatusOf(this.#exitTold()));
        },
      },
    );
  }

  #gatherExit(bytes: Uint8Array): void {
    this.#exitBytes += bytes.length;
    if (this.#exitBytes > exitStatusBytesMax) this.#session?.close(new Error('the exit status is too long'));
    else this.#exitText.push(Buffer.from(bytes));
  }

  #exitTold(): string {
    return Buffer.concat(this.#exitText).toString();
  }

  #toClient(channel: number, bytes: Uint8Array): void {
    this.#lastSeen = this.#options.tunnels.clock.monotonic();
    const message = Buffer.allocUnsafe(bytes.length + 1);
    message[0] = channel;
    message.set(bytes, 1);
    this.#socket.send(message, () => {
      if (this.#socket.bufferedAmount < socketPendingBytesMax / 2) this.#session?.resume();
    });
    if (this.#socket.bufferedAmount >= socketPendingBytesMax) this.#session?.pause();
  }

  #onMessage(data: Buffer): void {
    this.#lastSeen = this.#options.tunnels.clock.monotonic();
    const channel = data[0];
    if (channel === undefined || this.#finished) return;
    const bytes = data.subarray(1);
    if (channel === closeSignal) this.#closeChannel(bytes);
    else if (bytes.length === 0) return;
    else if (channel === channels.stdin) this.#toKubelet(this.#stdin, bytes);
    else if (channel === channels.resize) this.#toKubelet(this.#resize, bytes);
  }

  #toKubelet(stream: SpdyStream | undefined, bytes: Uint8Array): void {
    if (stream !== undefined && !stream.write(bytes)) this.#socket.pause();
  }

  /** The client has no more to say in a channel. One that is none, or no one channel, is a breach of the protocol. */
  #closeChannel(named: Uint8Array): void {
    const [channel] = named;
    if (named.length !== 1 || channel === undefined || channel > channels.resize) this.#socket.close(1002);
    else if (channel === channels.stdin) this.#stdin?.end();
    else if (channel === channels.resize) this.#resize?.end();
  }

  /** Tells the client how it ended; the client closes when it has read all. */
  #finish(status: ExitStatus): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#session?.close();
    this.#cancelIdle();
    this.#cancelIdle = this.#options.tunnels.clock.after(finishMilliseconds, () => this.#socket.terminate());
    const text = Buffer.from(JSON.stringify(status));
    this.#socket.send(Buffer.concat([Buffer.from([channels.error]), text]), () => {});
    this.#socket.close(1000);
    // What the client still sends is thrown away, and its goodbye must be heard.
    this.#socket.resume();
  }

  #closed(): void {
    this.#finished = true;
    this.#cancelIdle();
    this.#gone.abort();
    this.#session?.close();
    this.#options.onClose();
  }

  #watchIdle(): void {
    const { clock } = this.#options.tunnels;
    const left = this.#lastSeen + tunnelIdleMilliseconds - clock.monotonic();
    if (left <= 0) this.stop();
    else this.#cancelIdle = clock.after(left, () => this.#watchIdle());
  }
}

/** The request without its methods, which belong to an exchange. */
const headOf = ({ method, url, headers, body, user, remoteAddress }: ApiRequest) => ({
  method,
  url,
  headers,
  body,
  user,
  remoteAddress,
});

/** A kubelet that did not upgrade says why: in a Status, or in a line of text. */
function refusedStatus({ body }: ApiResponse): ExitStatus {
  const text = Buffer.concat(body as readonly Uint8Array[])
    .toString()
    .trim();
  try {
    const status = JSON.parse(text) as { kind?: unknown };
    if (status !== null && typeof status === 'object' && status.kind === 'Status')
      return status as ExitStatus;
  } catch {
    // It is a line of text.
  }
  return streamFailure(`unable to upgrade connection: ${text}`);
}
