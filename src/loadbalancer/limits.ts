/** Every bound of the load balancer. */

/** A pool configuration longer than this is not read. */
export const configurationCharactersMax = 64 * 1024;

/** Pools, and ranges of all of them together. */
export const poolsMax = 100;
export const rangesMax = 1_000;

/** Addresses of one range that are looked at for a free one. */
export const triedAddressesMax = 65_536;

/** A command about a node's addresses that takes longer is ended. */
export const linkCommandMilliseconds = 10_000;

/** How long after a failure to bring a node's addresses about it is tried again. */
export const announceRetryMilliseconds = 1_000;

/** How long after a failure the default pool is tried to be made again. */
export const defaultPoolRetryMilliseconds = 1_000;

/** Changes that come within this time are looked at together. */
export const announceDelayMilliseconds = 20;

/** How long an address stays on a node after another was chosen, which may not have it yet. */
export const handoverMilliseconds = 1_500;

/** An address that has come to a node is told to the network so often, so far apart: a packet may be lost. */
export const tellTimesMax = 5;
export const tellMilliseconds = 1_000;

/** Addresses that are told of in one go, before anything else is looked at again. */
export const toldAtOnceMax = 64;

/** How often the interfaces are looked at when nothing changes. */
export const announceResyncMilliseconds = 30_000;
