/** Pods that one reconcile of a replica set creates or deletes at most; upstream's BurstReplicas. */
export const podsChangedAtOnceMax = 500;

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
