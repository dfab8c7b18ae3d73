import { type ClientHttp2Stream, constants } from 'node:http2';
import { type BodyStream, type StreamHandlers, TransportError } from './transport.ts';

/** The body of an HTTP/2 answer as it comes. Node's flow control holds the server back while nobody reads. */
export class StreamBody implements BodyStream {
  readonly #stream: ClientHttp2Stream;
  readonly #failure: () => unknown;
  #over = false;

  /** `failure` says why the stream was closed, when it is known. */
  constructor(stream: ClientHttp2Stream, failure: () => unknown) {
    this.#stream = stream;
    this.#failure = failure;
  }

  open(handlers: StreamHandlers): void {
    const stream = this.#stream;
    const end = (error?: Error) => {
      if (this.#over) return;
      this.#over = true;
      handlers.onEnd(error);
    };
    const broken = (): Error => {
      const failure = this.#failure();
      return failure instanceof Error ? failure : new TransportError('the stream broke off');
    };
    if (this.#over || stream.destroyed) {
      this.#over = false;
      end(broken());
      return;
    }
    stream.on('data', (chunk: Buffer) => {
      if (this.#over) return;
      try {
        handlers.onChunk(chunk);
      } catch (error) {
        stream.close(constants.NGHTTP2_CANCEL);
        end(new TransportError('the reader of the stream failed', error));
      }
    });
    let ended = false;
    stream.on('end', () => {
      ended = true;
    });
    // A reset shows as an end too: only the code on close tells them apart.
    stream.on('close', () =>
      end(ended && stream.rstCode === constants.NGHTTP2_NO_ERROR ? undefined : broken()),
    );
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }
}
