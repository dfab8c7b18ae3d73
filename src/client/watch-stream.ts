/** A watch's bytes as events: one JSON document a line. */
import type { KubeObject } from '../kinds/object.ts';
import type { StatusError } from '../kinds/status.ts';
import { isStatus, parseJson, statusErrorOf } from './answer.ts';
import { watchLineBytesMax } from './limits.ts';
import { type BodyStream, TransportError } from './transport.ts';

export interface WatchEvent<Type extends KubeObject> {
  /** An ERROR ends the watch: it comes as the error of `onEnd`. */
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  /** Of a BOOKMARK only metadata.resourceVersion and annotations are there. */
  readonly object: Type;
}

export interface WatchHandlers<Type extends KubeObject> {
  /** Called synchronously, in order. One that throws ends the watch with a TransportError. */
  onEvent(event: WatchEvent<Type>): void;
  /** Once, unless the watch was stopped. Without an error the server ended it in good order: go on from the last event. */
  onEnd(error?: StatusError | TransportError | Error): void;
  /** After the events of one chunk: whoever batches does so here. */
  onChunkEnd?(): void;
}

const newline = 0x0a;

const eventTypes: ReadonlySet<unknown> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']);

/** Cuts chunks into lines and holds what is not whole yet. */
export class LineSplitter {
  #rest: Uint8Array[] = [];
  #restBytes = 0;

  /** Throws TransportError for a line that is too long. Empty lines are left out. */
  *split(chunk: Uint8Array): Generator<Uint8Array> {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const tail = chunk.subarray(start, end);
      start = end + 1;
      this.#check(tail.length);
      const line = this.#restBytes === 0 ? tail : Buffer.concat([...this.#rest, tail]);
      this.#rest = [];
      this.#restBytes = 0;
      if (line.length > 0) yield line;
    }
    if (start === chunk.length) return;
    const rest = chunk.subarray(start);
    this.#check(rest.length);
    this.#rest.push(rest);
    this.#restBytes += rest.length;
  }

  get isWhole(): boolean {
    return this.#restBytes === 0;
  }

  #check(more: number): void {
    if (this.#restBytes + more > watchLineBytesMax)
      throw new TransportError(`a line of the watch is longer than ${watchLineBytesMax} bytes`);
  }
}

/** Opens the stream; returns the function that stops it without a word. */
export function readWatch<Type extends KubeObject>(
  stream: BodyStream,
  handlers: WatchHandlers<Type>,
): () => void {
  const lines = new LineSplitter();
  let over = false;
  const end = (error?: Error) => {
    if (over) return;
    over = true;
    stream.cancel();
    handlers.onEnd(error);
  };
  const take = (line: Uint8Array) => {
    const { type, object } = parseJson(line) as { type: unknown; object: unknown };
    if (type === 'ERROR')
      end(
        isStatus(object)
          ? statusErrorOf(object)
          : new TransportError('the watch ended with an unknown error'),
      );
    else if (eventTypes.has(type) && typeof object === 'object' && object !== null)
      handlers.onEvent({ type, object } as WatchEvent<Type>);
    else end(new TransportError(`a watch event has the unknown type ${JSON.stringify(type)}`));
  };
  stream.open({
    onChunk(chunk) {
      try {
        for (const line of lines.split(chunk)) {
          if (over) return;
          take(line);
        }
        if (!over) handlers.onChunkEnd?.();
      } catch (error) {
        end(
          error instanceof TransportError ? error : new TransportError('an event could not be taken', error),
        );
      }
    },
    onEnd: (error) =>
      end(error ?? (lines.isWhole ? undefined : new TransportError('the watch broke off within an event'))),
  });
  return () => {
    over = true;
    stream.cancel();
  };
}
