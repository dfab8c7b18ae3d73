/** Tokens whose signature is known to be good; what they stand for is looked at each time. */
export const verifiedTokensMax = 4096;

/** Far above what a token with its bound objects takes. */
export const tokenBytesMax = 16 * 1024;

/** After the end of an account or a bound object its tokens live on for so long: whoever runs may still end well. */
export const deletedLeewayMilliseconds = 60_000;

/** A pod's token is refreshed by its node; for clients that do not read it again it is good for a year (KEP-1205). */
export const extendedSeconds = 365 * 24 * 3600;
export const refreshedSeconds = 3607;
