/** Every bound of the store, by name. Tests make them small; nobody else changes them. */
export interface StoreLimits {
  /** Operations in one commit. Also the number of ordinals that a revision has in the log's row ids. */
  readonly commitOperationsMax: number;
  /** Keys and values of one commit. */
  readonly commitBytesMax: number;
  /** Commits that wait for the disk; one more is refused with StoreBusyError. */
  readonly commitsWaitingMax: number;
  /** Bytes of the commits that wait for the disk. */
  readonly commitsWaitingBytesMax: number;
  /** Commits that become durable with one flush. */
  readonly groupCommitsMax: number;
  readonly groupBytesMax: number;
  /** Reads under way; one more is refused with StoreBusyError. */
  readonly readsMax: number;
  /** A long range is read in pages of so many entries, so that commits get in between. */
  readonly pageEntriesMax: number;
  /** A page of a range or of a replay ends after the entry or commit that reaches this. */
  readonly pageBytesMax: number;
  /** A page of a replay looks at so many revisions. */
  readonly replayRevisionsMax: number;
  /** Replays that read a page at the same time; the others wait their turn. */
  readonly replaysMax: number;
  /** Watches at the same time; one more ends at once with StoreBusyError. */
  readonly watchersMax: number;
  /** The newest events kept in memory for watchers that are only a little behind. */
  readonly historyEventsMax: number;
  readonly historyBytesMax: number;
  /** Log rows that one step of a compaction looks at, and pages that one step gives back. */
  readonly compactionRowsMax: number;
  readonly compactionPagesMax: number;
}

export const storeLimits: StoreLimits = {
  commitOperationsMax: 4096,
  commitBytesMax: 16 * 2 ** 20,
  commitsWaitingMax: 8192,
  commitsWaitingBytesMax: 64 * 2 ** 20,
  groupCommitsMax: 512,
  groupBytesMax: 8 * 2 ** 20,
  readsMax: 8192,
  pageEntriesMax: 1000,
  pageBytesMax: 2 * 2 ** 20,
  replayRevisionsMax: 2048,
  replaysMax: 4,
  watchersMax: 65_536,
  historyEventsMax: 8192,
  historyBytesMax: 4 * 2 ** 20,
  compactionRowsMax: 512,
  compactionPagesMax: 512,
};
