/** Two connections as one: bytes go both ways as they are, each side as fast as the other takes them. */
import type { Duplex } from 'node:stream';
import type { Clock } from '../../lib/clock.ts';
import { tunnelEndMilliseconds, tunnelIdleMilliseconds } from './limits.ts';

export interface JoinOptions {
  readonly clock: Clock;
  /** Called once, when both are closed or about to be. */
  readonly onEnd: () => void;
  readonly idleMilliseconds?: number;
}

/** Joins them until either ends. Returns what ends both at once. */
export function join(client: Duplex, backend: Duplex, options: JoinOptions): () => void {
  const { clock, onEnd, idleMilliseconds = tunnelIdleMilliseconds } = options;
  let over = false;
  let cancelEnd = () => {};
  let lastSeen = clock.monotonic();
  const cut = () => {
    cancelIdle();
    cancelEnd();
    client.destroy();
    backend.destroy();
    if (!over) onEnd();
    over = true;
  };
  // What is on its way may still arrive; then both are cut, as upstream does when one direction is over.
  let ending = false;
  const wind = () => {
    if (ending) return;
    ending = true;
    cancelEnd = clock.after(tunnelEndMilliseconds, cut);
  };
  let cancelIdle = () => {};
  const watchIdle = () => {
    const left = lastSeen + idleMilliseconds - clock.monotonic();
    if (left <= 0) cut();
    else cancelIdle = clock.after(left, watchIdle);
  };
  for (const [from, to] of [
    [client, backend],
    [backend, client],
  ] as const) {
    from.on('data', () => {
      lastSeen = clock.monotonic();
    });
    from.pipe(to);
    from.once('end', wind);
    from.on('error', () => to.destroy());
    from.once('close', () => {
      // A side that was closed without an end is gone; one that ended has handed over all it had.
      if (!from.readableEnded) to.destroy();
      if (to.destroyed) cut();
      else wind();
    });
  }
  watchIdle();
  if (client.destroyed || backend.destroyed) cut();
  return cut;
}
