/** Objects rendered (parsed, turned into rows) before the event loop gets its turn. About 5 ms. */
export const objectsPerTurn = 100;

/** Objects and bodies up to this size are worked on in one turn of the event loop: about 5 ms from end to end. */
export const bytesPerTurn = 32 * 1024;

/** How often a write is planned again when another one came first. */
export const writeAttemptsMax = 8;

/**
 * The same for writes that wait in a lane. One server has one under way at a time, so only other servers come first: with
 * three of them, one time in 400,000 so often in a row.
 */
export const laneAttemptsMax = 32;

/** How often a generated name is drawn again when it is taken. Upstream: 8. */
export const generateNameAttemptsMax = 8;

/** An object may not be larger than this once serialized. Upstream's limit comes from etcd: 1.5 MiB. */
export const objectBytesMax = 1_572_864;

/** Warnings on one answer. */
export const warningsMax = 50;

/** Objects that a deletecollection removes at the same time. */
export const deleteCollectionWorkers = 16;
