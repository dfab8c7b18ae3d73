/** Bytes a watcher may have waiting; beyond, it is closed and must list again. Never waited for. */
export const watcherPendingBytesMax = 4 * 1024 * 1024;

/** Watchers at once. */
export const watchersMax = 20_000;

/** How often a watcher that allows bookmarks gets one. Upstream: about a minute. */
export const bookmarkMilliseconds = 60_000;

/** A watch without timeoutSeconds ends after a random time between these. Upstream: 30-60 min. */
export const watchTimeoutMillisecondsMin = 30 * 60_000;
export const watchTimeoutMillisecondsMax = 60 * 60_000;

/** Events turned to bytes before the event loop gets its turn, when a watch starts with many objects. */
export const initialEventsPerTurn = 200;

/** How long the initial state of a watch waits for a slow reader, and how often it looks. */
export const initialDrainMilliseconds = 30_000;
export const initialDrainPollMilliseconds = 5;
