/** Events held per kind, so that a watch can resume; an older resourceVersion gets 410. */
export const cacheEventsMax = 20_000;

/** Bytes of past states that those events may keep alive, per kind. */
export const cacheEventBytesMax = 12 * 1024 * 1024;

/** History replayed into the cache at start, so that watches resume across a restart. */
export const replayRevisionsMax = 10_000;

/** Entries read from the store at once while the cache fills. */
export const loadPageEntries = 2_000;

/** When the cache cannot be filled anew, it is tried again after so long. */
export const refillRetryMilliseconds = 1_000;

/** Callers that may wait for the cache to reach a revision at once. */
export const revisionWaitersMax = 1_000;

/** How long a read waits for a resourceVersion that the cache has not reached. Upstream: 3 s. */
export const revisionWaitMilliseconds = 3_000;
