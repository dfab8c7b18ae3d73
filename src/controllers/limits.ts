/** Pods that one reconcile of a replica set creates or deletes at most; upstream's BurstReplicas. */
export const podsChangedAtOnceMax = 500;

/** The same of a DaemonSet. */
export const daemonPodsChangedAtOnceMax = 250;

/** Nodes whose failing daemon pods are remembered, over all DaemonSets; beyond that the wait starts anew. */
export const failedDaemonPodsMax = 20_000;

/** Endpoints in one EndpointSlice of a Service; upstream's --max-endpoints-per-slice. */
export const endpointsPerSliceMax = 100;

/** Addresses in one Endpoints object; what is beyond is left out and an annotation says so. */
export const endpointsCapacityMax = 1000;

/** Addresses of one subset that are mirrored; upstream's --mirroring-max-endpoints-per-subset. */
export const mirroredPerSubsetMax = 1000;

/** Characters of the revision history annotation of a ReplicaSet; older revisions fall out. */
export const revisionHistoryCharactersMax = 2000;

/** How long a node may be silent; upstream's --node-monitor-grace-period since v1.32. */
export const nodeGraceMilliseconds = 50_000;

/** Pods that have ended and are kept; upstream's --terminated-pod-gc-threshold. */
export const terminatedPodsMax = 12_500;

/** How long a node must be gone before its pods are deleted, and how often ended pods are counted at most; as upstream. */
export const nodeQuarantineMilliseconds = 40_000;
export const terminatedPodsCheckMilliseconds = 20_000;

/** How often every quota is counted anew, whatever has happened; upstream's --resource-quota-sync-period. */
export const quotaResyncMilliseconds = 5 * 60_000;

/** How often every autoscaler is looked at; upstream's --horizontal-pod-autoscaler-sync-period. */
export const autoscalerSyncMilliseconds = 15_000;

/**
 * When so many nodes of a zone, and such a share of it, are not ready, no more of its pods are driven away, unless it is
 * large; upstream's --unhealthy-zone-threshold and --large-cluster-size-threshold. And how often that is looked at again.
 */
export const unhealthyZoneNodesMin = 3;
export const unhealthyZoneShare = 0.55;
export const largeZoneNodesMin = 50;
export const nodeMonitorMilliseconds = 5_000;

/** How long a node's request for a serving certificate waits until its names are looked at again. */
export const servingRetryMilliseconds = 10_000;

/** A claim that waits for a volume is looked at again, and told of again, this often; upstream's --pvclaimbinder-sync-period. */
export const claimRetryMilliseconds = 15_000;

/** Dependents that an owner lets go in one plan. */
export const orphanedAtOnceMax = 500;
