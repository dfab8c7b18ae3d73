/** The asking side of a SPDY/3.1 connection: opens streams, and takes none. */
import type { Duplex } from 'node:stream';
import {
  controlFrame,
  dataHead,
  FrameReader,
  finFlag,
  frameBytesMax,
  frameTypes,
  SpdyError,
  words,
} from './frames.ts';
import { HeaderWriter } from './header-blocks.ts';

export interface StreamHandlers {
  onData(bytes: Uint8Array): void;
  /** The other side has said all on this stream, or the connection is over; called once. */
  onEnd(): void;
}

export interface SpdyStream {
  readonly id: number;
  /** False: the connection holds enough, wait for its `drain`. */
  write(bytes: Uint8Array): boolean;
  /** Nothing more will be written. Idempotent. */
  end(): void;
}

/** Streams of one connection. */
const streamsMax = 64;

const refusedStream = 3;

export class SpdySession {
  readonly #connection: Duplex;
  readonly #writer = new HeaderWriter();
  readonly #streams = new Map<number, StreamHandlers>();
  readonly #onClose: (error: Error | undefined) => void;
  #nextId = 1;
  #closed = false;

  /** `onClose` is called once, before the streams are told. With an error when the other side spoke no SPDY. */
  constructor(connection: Duplex, onClose: (error: Error | undefined) => void) {
    this.#connection = connection;
    this.#onClose = onClose;
    const reader = new FrameReader({
      onData: (id, bytes, fin) => this.#onData(id, bytes, fin),
      onControl: (type, flags, body) => this.#onControl(type, flags, body),
    });
    connection.on('data', (chunk: Uint8Array) => {
      if (this.#closed) return;
      try {
        reader.push(chunk);
      } catch (error) {
        this.close(error as Error);
      }
    });
    connection.once('end', () => this.close());
    connection.once('close', () => this.close());
    connection.on('error', () => this.close());
  }

  /** Opens a stream. Throws when there are too many. */
  open(headers: Readonly<Record<string, string>>, handlers: StreamHandlers): SpdyStream {
    if (this.#streams.size >= streamsMax) throw new SpdyError('too many streams');
    const id = this.#nextId;
    this.#nextId += 2;
    this.#streams.set(id, handlers);
    // Stream, associated stream, priority and slot; then the headers.
    const body = Buffer.concat([words(id, 0), Buffer.alloc(2), this.#writer.write(headers)]);
    this.#send(controlFrame(frameTypes.synStream, 0, body));
    let ended = false;
    return {
      id,
      write: (bytes) => ended || this.#sendData(id, bytes),
      end: () => {
        if (!ended) this.#send(dataHead(id, 0, true));
        ended = true;
      },
    };
  }

  /** Stops and goes on reading, for all streams: SPDY's own flow control is not spoken by anyone here. */
  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    if (!this.#closed) this.#connection.resume();
  }

  /** Calls back when writing may go on. */
  onDrain(callback: () => void): void {
    this.#connection.on('drain', callback);
  }

  /** Ends the connection, and tells every stream. */
  close(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.destroy();
    this.#onClose(error);
    for (const handlers of this.#streams.values()) handlers.onEnd();
    this.#streams.clear();
  }

  #send(bytes: Uint8Array): boolean {
    return this.#closed || !this.#connection.writable || this.#connection.write(bytes);
  }

  #sendData(id: number, bytes: Uint8Array): boolean {
    let mayGoOn = true;
    for (let at = 0; at < bytes.length; at += frameBytesMax) {
      const piece = bytes.subarray(at, at + frameBytesMax);
      this.#send(dataHead(id, piece.length, false));
      mayGoOn = this.#send(piece);
    }
    return mayGoOn;
  }

  #onData(id: number, bytes: Uint8Array, fin: boolean): void {
    const handlers = this.#streams.get(id);
    // After a reset, what was under way still comes.
    if (handlers === undefined) return;
    if (bytes.length > 0) handlers.onData(bytes);
    if (fin) this.#end(id);
  }

  #onControl(type: number, flags: number, body: Uint8Array): void {
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    if (type === frameTypes.goAway) return;
    if (bytes.length < 4) throw new SpdyError('a control frame is too short');
    const id = bytes.readUInt32BE(0) & 0x7fffffff;
    switch (type) {
      case frameTypes.synStream:
        this.#send(controlFrame(frameTypes.resetStream, 0, words(id, refusedStream)));
        return;
      case frameTypes.synReply:
      case frameTypes.headers:
        if ((flags & finFlag) !== 0) this.#end(id);
        return;
      case frameTypes.resetStream:
        this.#end(id);
        return;
      case frameTypes.ping:
        // Even ones are theirs; an odd one would answer ours.
        if (bytes.readUInt32BE(0) % 2 === 0) this.#send(controlFrame(frameTypes.ping, 0, bytes));
    }
  }

  #end(id: number): void {
    const handlers = this.#streams.get(id);
    this.#streams.delete(id);
    handlers?.onEnd();
  }
}
