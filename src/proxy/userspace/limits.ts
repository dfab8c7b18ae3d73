/** Every bound of the userspace proxy. */

/** Addresses and ports that are listened on at once. */
export const listenersMax = 4_096;

/** TCP connections of one listener at once; one more is closed as soon as it is there. */
export const connectionsPerListenerMax = 1_024;

/** How many endpoints one connection is tried with, and how long each may take to answer. */
export const attemptsMax = 3;
export const connectMilliseconds = 5_000;

/** UDP clients of one listener that are remembered, and for how long after their last word: the kernel's own time. */
export const udpSessionsMax = 4_096;
export const udpSessionMilliseconds = 30_000;

/** Clients of one listener whose endpoint is remembered. */
export const affinityClientsMax = 10_000;

/** A port that could not be had is tried again after this. */
export const retryMilliseconds = 5_000;
