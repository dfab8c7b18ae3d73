/** Requests over one HTTP/2 connection, as quickly as the server answers: see frames.ts. */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { FrameParser, preface, requestFrames } from './frames.ts';
import type { LoadJob, LoadResult, Target } from './wire.ts';

/** What a server takes of bodies before it has said anything. */
const windowDefault = 2 ** 16 - 1;
const refusalBytesMax = 1000;

type Run = Pick<LoadJob, 'requests' | 'count' | 'inFlight'>;

export class LoadConnection {
  readonly #socket: TLSSocket;
  readonly #parser: FrameParser;
  readonly #statuses: Record<string, number> = {};
  /** Of the streams that are not finished. */
  readonly #status = new Map<number, number>();
  readonly #finished: PromiseWithResolvers<void> = Promise.withResolvers();
  #requests: readonly { readonly frames: Buffer; readonly bodyBytes: number }[] = [];
  #window = windowDefault;
  #waiting: Buffer[] = [preface];
  #free = 0;
  #sent = 0;
  #done = 0;
  #bytes = 0;
  #refusal: string | undefined;

  static async open({ port, authority, certificate, key }: Target): Promise<LoadConnection> {
    const tls = { ca: authority, cert: certificate, key, ALPNProtocols: ['h2'] };
    const socket = connect({ host: '127.0.0.1', port, ...tls });
    await once(socket, 'secureConnect');
    socket.setNoDelay(true);
    return new LoadConnection(socket);
  }

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    this.#parser = new FrameParser({
      onStatus: (stream, status) => this.#status.set(stream, status),
      onData: (stream, payload) => this.#onData(stream, payload),
      onEnd: (stream) => this.#onEnd(stream),
      onWindow: (bytes) => {
        this.#window += bytes;
      },
      onReply: (frames) => this.#waiting.push(frames),
    });
    // Told where it is waited for.
    this.#finished.promise.catch(() => {});
    socket.on('data', (chunk: Buffer) => this.#onChunk(chunk));
    socket.on('error', this.#finished.reject);
    socket.on('close', () => this.#finished.reject(new Error('the server closed the connection')));
    this.#send();
  }

  /** Once. Resolves when all is answered, whatever the answers are. */
  async run({ requests, count, inFlight }: Run): Promise<LoadResult> {
    this.#requests = Array.from({ length: count }, (_, index) => {
      const request = requests[index % requests.length]!;
      const frames = requestFrames(request, 2 * index + 1);
      return { frames, bodyBytes: Buffer.byteLength(request.body ?? '') };
    });
    this.#free = inFlight;
    const start = performance.now();
    this.#send();
    await this.#finished.promise;
    return {
      milliseconds: performance.now() - start,
      bytes: this.#bytes,
      statuses: this.#statuses,
      refusal: this.#refusal,
    };
  }

  close(): void {
    this.#socket.destroy();
  }

  #onChunk(chunk: Buffer): void {
    try {
      this.#parser.push(chunk);
      this.#send();
    } catch (failure) {
      this.#finished.reject(failure);
    }
  }

  #onData(stream: number, payload: Buffer): void {
    this.#bytes += payload.length;
    if ((this.#status.get(stream) ?? 0) >= 400)
      this.#refusal ??= payload.toString('utf8', 0, refusalBytesMax);
  }

  #onEnd(stream: number): void {
    const status = this.#status.get(stream) ?? 0;
    this.#status.delete(stream);
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    if (status >= 400) this.#refusal ??= '';
    this.#free++;
    if (++this.#done === this.#requests.length) this.#finished.resolve();
  }

  /** All that may go, in one piece. */
  #send(): void {
    while (this.#free > 0 && this.#sent < this.#requests.length) {
      const { frames, bodyBytes } = this.#requests[this.#sent]!;
      if (bodyBytes > this.#window) break;
      this.#window -= bodyBytes;
      this.#waiting.push(frames);
      this.#free--;
      this.#sent++;
    }
    if (this.#waiting.length === 0) return;
    this.#socket.write(Buffer.concat(this.#waiting));
    this.#waiting = [];
  }
}
