/** Every bound of the load balancer. */

/** A pool configuration longer than this is not read. */
export const configurationCharactersMax = 64 * 1024;

/** Pools, and ranges of all of them together. */
export const poolsMax = 100;
export const rangesMax = 1_000;

/** Addresses of one range that are looked at for a free one. */
export const triedAddressesMax = 65_536;
