/** Bounds of what hooks keep. */

/** How long a planned address or port is kept from others before the cache has shown it. */
export const pendingAllocationMs = 5_000;

/** How many planned addresses, and how many ports, are remembered at once. */
export const pendingAllocationsMax = 4_096;
