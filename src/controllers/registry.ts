/** Every controller, in the order in which they are started. */
import type { Controller } from '../client/controller.ts';
import { cronJob } from './cron-job.ts';
import { daemonSet } from './daemon-set.ts';
import { deployment } from './deployment.ts';
import { disruption } from './disruption.ts';
import { endpointSlice } from './endpoint-slice.ts';
import { endpointSliceMirroring } from './endpoint-slice-mirroring.ts';
import { endpoints } from './endpoints.ts';
import { garbageCollector } from './garbage-collector.ts';
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts';
import { job } from './job.ts';
import { namespace } from './namespace.ts';
import { nodeLifecycle } from './node-lifecycle.ts';
import { podGarbageCollector } from './pod-garbage-collector.ts';
import { replicaSet } from './replica-set.ts';
import { replicationController } from './replication-controller.ts';
import { resourceQuota } from './resource-quota.ts';
import { rootCaPublisher } from './root-ca-publisher.ts';
import { serviceAccount } from './service-account.ts';
import { serviceCIDR } from './service-cidr.ts';
import { statefulSet } from './stateful-set.ts';
import { claimProtection, volumeProtection } from './storage-protection.ts';
import { taintEviction } from './taint-eviction.ts';
import { ttlAfterFinished } from './ttl-after-finished.ts';

export interface ControllerSettings {
  /** PEM of the authority that signed the API server's certificate; without it no kube-root-ca.crt is published. */
  readonly rootAuthority?: string;
}

export function allControllers({ rootAuthority }: ControllerSettings = {}): Controller[] {
  return [
    namespace,
    garbageCollector,
    deployment,
    replicaSet,
    replicationController,
    statefulSet,
    daemonSet(),
    job,
    cronJob,
    ttlAfterFinished,
    endpointSlice,
    endpoints,
    endpointSliceMirroring,
    serviceCIDR,
    disruption,
    resourceQuota(),
    horizontalPodAutoscaler,
    claimProtection,
    volumeProtection,
    nodeLifecycle,
    taintEviction(),
    podGarbageCollector(),
    serviceAccount,
    ...(rootAuthority === undefined ? [] : [rootCaPublisher(rootAuthority)]),
  ];
}
