/** A watch that is taken up again after each restart of the server, from the last revision that it has seen. */
import type { ClientHttp2Session } from 'node:http2';
import { setTimeout as wait } from 'node:timers/promises';
import { follow, type WatchStream } from './api.ts';
import type { EventLog } from './event-log.ts';

export class Follower {
  readonly log: EventLog;
  /** How often the watch was taken up. */
  resumed = 0;
  readonly #path: string;
  #stream: WatchStream | undefined;

  /** `path` is the collection's, with the selectors in its query if there are any. */
  constructor(log: EventLog, path: string) {
    this.log = log;
    this.#path = path;
  }

  /** Resolves when the stream that this begins has ended: true when by the server's own word. */
  resume(session: ClientHttp2Session): Promise<boolean> {
    const from = this.log.revision;
    const query = `${this.#path.includes('?') ? '&' : '?'}watch=1&allowWatchBookmarks=true`;
    this.resumed++;
    const stream = follow(session, `${this.#path}${query}&resourceVersion=${from}`, (line) => {
      // What a stream still had when it was given up comes again in the next one.
      if (this.#stream === stream) this.log.take(line);
    });
    this.#stream = stream;
    return stream.ended.then(({ clean, status, rest }) => {
      if (status !== 200 && status !== 0)
        this.log.faults.push(`watch of ${this.log.name} from ${from} was answered ${status}: ${rest}`);
      if (clean && rest !== '' && this.#stream === stream)
        this.log.faults.push(`watch of ${this.log.name} ended within ${rest}`);
      return clean && status === 200;
    });
  }

  /** Gives the stream up in the midst of it. */
  pause(): void {
    this.#stream?.close();
    this.#stream = undefined;
  }

  /** Waits until events up to a revision are in; false when they do not come or the server is gone. */
  async reaches(
    revision: number,
    options: { milliseconds: number; isGone: () => boolean },
  ): Promise<boolean> {
    const deadline = performance.now() + options.milliseconds;
    while (this.log.revision < revision) {
      if (options.isGone() || performance.now() > deadline) return false;
      await wait(2);
    }
    return true;
  }
}
