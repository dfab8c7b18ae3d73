/** A backend's answer on its way to the client: as it comes, and no faster than the client takes it. */
import type { Readable } from 'node:stream';
import type { ApiResponse, Sink } from '../request.ts';
import { answerPendingBytesMax } from './limits.ts';

export interface PassOptions {
  /** Ends the backend's connection; called once, whatever happens. */
  readonly onEnd: () => void;
  /** A backend that dies midway cuts the client off; else the answer just ends there. */
  readonly cutWhenBroken: boolean;
}

/** The streaming body of a response. */
export function passOn(from: Readable, { onEnd, cutWhenBroken }: PassOptions): ApiResponse['body'] {
  return (sink: Sink) => {
    let over = false;
    const finish = (whole: boolean) => {
      if (over) return;
      over = true;
      if (whole || !cutWhenBroken || sink.abort === undefined) sink.end();
      else sink.abort();
      onEnd();
    };
    sink.onDrain?.(() => from.resume());
    from.on('data', (chunk: Uint8Array) => {
      if (over) return;
      sink.write(chunk);
      if (sink.onDrain !== undefined && sink.pendingBytes() >= answerPendingBytesMax) from.pause();
    });
    from.once('end', () => finish(true));
    from.once('error', () => finish(false));
    from.once('close', () => finish(from.readableEnded));
    if (from.destroyed) finish(from.readableEnded);
    // It may have been stopped by whoever looked into it before.
    else from.resume();
    return () => {
      over = true;
      onEnd();
    };
  };
}
