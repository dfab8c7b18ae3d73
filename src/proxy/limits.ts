/** Clients whose affinity is remembered, for each Service port and family. What comes beyond is spread as without affinity. */
export const affinityClientsMax = 65_536;

/** sessionAffinityConfig.clientIP.timeoutSeconds where nothing is said. */
export const affinitySecondsDefault = 10_800;

/** Changes that come within this time are one transaction. */
export const coalesceMilliseconds = 5;

/** How often it is looked whether the table is still there. */
export const probeMilliseconds = 30_000;

/** Waits after a transaction that failed, before everything is made anew. */
export const retryBackoff = { baseMilliseconds: 250, maxMilliseconds: 30_000, factor: 2, jitter: 0.2 };

/** Endpoints whose change waits to be timed; what comes beyond is not. */
export const pendingTriggersMax = 10_000;

/** What conntrack may list; about 200 bytes for each flow. */
export const conntrackBytesMax = 256 * 1024 * 1024;
