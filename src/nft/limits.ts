/** Elements in one `add element` command: nft reads a line as a whole. */
export const elementsPerCommand = 5000;

/** How long nft may take for one transaction; at 10,000 Services it takes a quarter of a second. */
export const commandMilliseconds = 120_000;

/** How long nft may take to say its version, or to try a table of a few rules. */
export const trialMilliseconds = 30_000;

/** What nft may print: a listing of the whole table as JSON, about 200 bytes for each element. */
export const outputBytesMax = 512 * 1024 * 1024;

/** Chains that may be entered within each other; the kernel's own limit is 16 (NFT_JUMP_STACK_SIZE). */
export const jumpDepthMax = 16;

/** Connections that the fake remembers. */
export const fakeConnectionsMax = 100_000;
