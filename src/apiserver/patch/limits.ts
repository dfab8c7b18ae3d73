/** Upstream's number (apiserver handlers/patch.go); one more is a 413. */
export const jsonPatchOperationsMax = 10_000;

/**
 * A patch may name the same subtree in many `copy` operations, so that a small patch makes a huge object. What all of
 * them together may add, in nodes of the tree; no object of the largest allowed body has as many.
 */
export const jsonPatchCopiedNodesMax = 1_000_000;

/** How deep a JSON patch may make an object; each `copy` into itself could double it. Real objects stay below 30. */
export const jsonPatchDepthMax = 500;
