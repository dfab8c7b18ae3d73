import type { Backend, CommitOutcome } from './backend.ts';
import { StoreBusyError } from './errors.ts';
import type { StoreLimits } from './limits.ts';
import type { CommitResult, Operation } from './store.ts';

interface WaitingCommit {
  readonly operations: readonly Operation[];
  readonly bytes: number;
  resolve(result: CommitResult): void;
  reject(error: Error): void;
}

/**
 * Commits that arrive while the backend is at work wait here and then go to it together: one flush to disk for all.
 * One group is under way at a time.
 */
export class CommitQueue {
  readonly #backend: Backend;
  readonly #limits: StoreLimits;
  /** Called with the outcomes of a group before its promises resolve. */
  readonly #apply: (outcomes: readonly CommitOutcome[]) => void;
  readonly #fail: (error: Error) => void;
  #waiting: WaitingCommit[] = [];
  #waitingBytes = 0;
  #underWay: WaitingCommit[] = [];
  #scheduled = false;
  #idle: (() => void)[] = [];
  groups = 0;

  constructor(options: {
    backend: Backend;
    limits: StoreLimits;
    apply: (outcomes: readonly CommitOutcome[]) => void;
    fail: (error: Error) => void;
  }) {
    this.#backend = options.backend;
    this.#limits = options.limits;
    this.#apply = options.apply;
    this.#fail = options.fail;
  }

  get waiting(): number {
    return this.#waiting.length + this.#underWay.length;
  }

  push(operations: readonly Operation[], bytes: number): Promise<CommitResult> {
    const { commitsWaitingMax, commitsWaitingBytesMax } = this.#limits;
    if (this.#waiting.length >= commitsWaitingMax) throw new StoreBusyError('commits', commitsWaitingMax);
    if (this.#waitingBytes + bytes > commitsWaitingBytesMax)
      throw new StoreBusyError('bytes of commits', commitsWaitingBytesMax);
    this.#waitingBytes += bytes;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operations, bytes, resolve, reject });
      this.#schedule();
    });
  }

  /** Resolves when nothing waits and nothing is under way. */
  drained(): Promise<void> {
    if (this.waiting === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Rejects whatever waits or is under way: whether the latter happened is not known. */
  rejectAll(error: Error): void {
    const all = [...this.#underWay, ...this.#waiting];
    this.#underWay = [];
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const { reject } of all) reject(error);
    this.#signalIdle();
  }

  /**
   * Later, so that commits made in one go share a group. A client's requests arrive together, but each is answered in
   * microtasks of its own: only the end of the turn is late enough for them.
   */
  #schedule(): void {
    if (this.#scheduled || this.#underWay.length > 0 || this.#waiting.length === 0) return;
    this.#scheduled = true;
    const start = () => {
      this.#scheduled = false;
      this.#start();
    };
    if (this.#backend.gathersTurn) setImmediate(start);
    else queueMicrotask(start);
  }

  #start(): void {
    const group = this.#takeGroup();
    if (group.length === 0) return;
    this.#underWay = group;
    this.groups++;
    this.#backend.commit(
      group.map(({ operations }) => operations),
      (outcomes) => {
        if (this.#underWay !== group) return;
        if (outcomes instanceof Error) this.#fail(outcomes);
        else this.#finish(group, outcomes);
      },
    );
  }

  #takeGroup(): WaitingCommit[] {
    const { groupCommitsMax, groupBytesMax } = this.#limits;
    let count = 0;
    let bytes = 0;
    while (count < this.#waiting.length && count < groupCommitsMax) {
      bytes += this.#waiting[count]!.bytes;
      if (count > 0 && bytes > groupBytesMax) break;
      count++;
    }
    const group = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    for (const commit of group) this.#waitingBytes -= commit.bytes;
    return group;
  }

  #finish(group: readonly WaitingCommit[], outcomes: readonly CommitOutcome[]): void {
    this.#apply(outcomes);
    this.#underWay = [];
    for (const [index, { resolve, reject }] of group.entries()) {
      const outcome = outcomes[index]!;
      if ('error' in outcome) reject(outcome.error);
      else if (outcome.committed) resolve({ committed: true, revision: outcome.revision });
      else resolve({ committed: false, key: outcome.key, actual: outcome.actual });
    }
    this.#schedule();
    this.#signalIdle();
  }

  #signalIdle(): void {
    if (this.waiting > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}
