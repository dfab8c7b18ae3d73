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

/** When a health check port that could not be had is tried again. */
export const healthCheckRetryMilliseconds = 5_000;

/** As kube-proxy's: whether the node's proxy works, on every address, and more of it, on 127.0.0.1 alone. */
export const healthzPort = 10_256;
export const statusPort = 10_249;

/** Rules that could not be programmed for so long make the node's health checks fail; upstream: twice its sync period. */
export const unhealthyMilliseconds = 60_000;

/** Endpoints whose change waits to be timed; what comes beyond is not. */
export const pendingTriggersMax = 10_000;

/** Doors for datagrams that are remembered while conntrack fails, the newest first. */
export const owedDoorsMax = 10_000;

/** What conntrack may list; about 200 bytes for each flow. */
export const conntrackBytesMax = 256 * 1024 * 1024;

/** A connection that is tried for `wherry why` has this long. */
export const dialMilliseconds = 2_000;

/** How long a connection is watched: a forwarder without an endpoint accepts, and closes at once. */
export const lingerMilliseconds = 200;

/** A refusal of a datagram comes within this time, or not at all. */
export const datagramMilliseconds = 500;

/** A DNS server that is tried has this long, twice. */
export const resolveMilliseconds = 1_000;

/** Things that one request to a node may try. */
export const probesMax = 100;

/** Trying from inside a pod: a process of its own, with its start. */
export const podProbeMilliseconds = 15_000;

/** What that process may say. */
export const podProbeBytesMax = 1024 * 1024;

/** Listening sockets that are told of. */
export const socketsMax = 256;
