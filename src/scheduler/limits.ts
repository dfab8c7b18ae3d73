import { requestsAtOnceMax } from '../client/limits.ts';

/** Nodes that fit which a cycle looks for at least; upstream: 100, and 5 % of the nodes. */
export const feasibleNodesMin = 100;
export const feasiblePercentMin = 5;

/** Answers of "how many pods on each node match this" that are kept up to date; the least lately used goes. */
export const trackedMatchersMax = 256;

/** Combinations of topology keys whose domains are remembered. */
export const knownDomainsMax = 100;

/** Pods that wait to be scheduled. What comes beyond is taken up from the cache when there is room again. */
export const queuedPodsMax = 200_000;

/** Upstream's podInitialBackoffSeconds and podMaxBackoffSeconds. */
export const podBackoffMilliseconds = 1000;
export const podBackoffMillisecondsMax = 10_000;

/** How long a pod stays in the unschedulable pool when nothing wakes it, and how often that is looked at. */
export const unschedulableMillisecondsMax = 300_000;
export const flushMilliseconds = 30_000;

/** Bindings and status patches under way at once: as many as one client sends. */
export const writesInFlightMax = requestsAtOnceMax;

/** Pods decided before the event loop gets its turn. */
export const podsPerTurn = 16;

/** Nodes on which preemption is tried; upstream: 10 %, but at least 100. */
export const preemptionCandidatesMin = 100;
export const preemptionCandidatePercent = 10;

/** Victims deleted at once by one preemption. */
export const victimsAtOnceMax = 16;

/** How long a turn of decisions may take: the API server may live in the same thread. */
export const turnMillisecondsMax = 10;

/** Kinds of pods whose failure is remembered as long as nothing changes. */
export const rememberedFailuresMax = 100;

/** How often it is looked whether a pod's claims are bound, and for how long; upstream's bindTimeoutSeconds. */
export const volumeWaitMilliseconds = 50;
export const volumeWaitMillisecondsMax = 600_000;
