/** Upstream's number (apiserver handlers/patch.go); one more is a 413. */
export const jsonPatchOperationsMax = 10_000;

/**
 * A patch may name the same subtree in many `copy` operations, so that a small patch makes a huge object. What all of
 * them together may add, in nodes of the tree: 20,000 take 7 ms here, 100,000 took 60. Upstream bounds the bytes that
 * are copied (3 MiB); an object may not be larger than half of that anyway.
 */
export const jsonPatchCopiedNodesMax = 20_000;

/** How deep a JSON patch may make an object; each `copy` into itself could double it. Real objects stay below 30. */
export const jsonPatchDepthMax = 500;
