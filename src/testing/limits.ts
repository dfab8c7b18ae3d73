/** Kubelet's waits of a container that ends again and again, and of an image that cannot be pulled. */
export const backOffMilliseconds = 10_000;
export const backOffMillisecondsMax = 300_000;

/** How long an end or a failed pull is shown before the wait for the next try is. */
export const failureShownMilliseconds = 1000;

/** Transitions that one step of one pod may catch up with: a node that was away for a year has no more to tell. */
export const transitionsPerStepMax = 10_000;

/** Seconds that an annotation may ask for: a day. */
export const annotationSecondsMax = 86_400;

/** Kubelet's heartbeats: the lease every quarter of its duration, the node's status every 5 minutes. */
export const leaseDurationSeconds = 40;
export const leaseRenewMilliseconds = 10_000;
export const statusReportMilliseconds = 300_000;

/** Leases are renewed in so many groups, spread over the renewal interval, so many requests of a group at once. */
export const leaseGroupsMax = 200;
export const leasesAtOnceMax = 16;

/** Nodes and pods that are worked on at once. */
export const nodesAtOnce = 32;
export const podsAtOnce = 64;

/** Nodes in one process: their addresses are 172.31.0.0/16. */
export const simulatedNodesMax = 60_000;

/** Turns of the event loop that one instant of virtual time may take; more is work that feeds itself. */
export const settleTurnsMax = 200_000;

/** Timers that may fire at one instant of virtual time, round after round. */
export const roundsPerInstantMax = 10_000;

/** Requests and chunks that a faulty transport holds back at once; beyond it they pass. */
export const delayedMax = 10_000;

/** Violations that are kept: the first ones tell what is wrong. */
export const violationsMax = 50;

/** A pod for which its node has no address left is looked at again so often. */
export const addressRetryMilliseconds = 1000;

/** What was asked for so long ago at most may still be done: requests fail and are repeated, watches lag or break off. */
export const lateMilliseconds = 90_000;

/** Ready pods stand in a Service's endpoints after so long, whatever fails; upstream promises nothing. */
export const endpointsMilliseconds = 90_000;

/** Simulated pods that listen at once. */
export const listeningPodsMax = 1_000;
