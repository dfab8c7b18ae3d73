/** Every controller, in the order in which they are started. */
import type { Controller } from '../client/controller.ts';
import { clusterDns } from './cluster-dns.ts';
import type { ClusterRange } from './cluster-ranges.ts';
import { cronJob } from './cron-job.ts';
import { csrApproving } from './csr-approving.ts';
import { csrCleaner } from './csr-cleaner.ts';
import { type CertificateSigner, csrSigning } from './csr-signing.ts';
import { daemonSet } from './daemon-set.ts';
import { deployment } from './deployment.ts';
import { disruption } from './disruption.ts';
import { endpointSlice } from './endpoint-slice.ts';
import { endpointSliceMirroring } from './endpoint-slice-mirroring.ts';
import { endpoints } from './endpoints.ts';
import { ephemeralVolume } from './ephemeral-volume.ts';
import { garbageCollector } from './garbage-collector.ts';
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts';
import { job } from './job.ts';
import { namespace } from './namespace.ts';
import { nodeIpam } from './node-ipam.ts';
import { nodeLifecycle } from './node-lifecycle.ts';
import { claimBinder, volumeBinder } from './persistent-volume-binder.ts';
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
import { tokenCleaner } from './token-cleaner.ts';
import { ttlAfterFinished } from './ttl-after-finished.ts';

export interface ControllerSettings {
  /** PEM of the authority that signed the API server's certificate; without it no kube-root-ca.crt is published. */
  readonly rootAuthority?: string;
  /** Signs certificates in the cluster's name; without it requests are approved and not signed. */
  readonly signer?: CertificateSigner;
  /** Names and addresses of the API server's certificate: no node is certified for them without being asked for. */
  readonly serverNames?: readonly string[];
  /** The ranges of Services: without them there is no Service for the DNS servers of the nodes. */
  readonly serviceCIDRs?: readonly string[];
  /** How long a node may be silent; upstream's unless given. */
  readonly nodeGraceMilliseconds?: number;
  /** The pods' addresses, of which nodes get their shares; without them nodes bring their own. */
  readonly clusterRanges?: readonly ClusterRange[];
}

export function allControllers(settings: ControllerSettings = {}): Controller[] {
  const { rootAuthority, signer, serviceCIDRs, clusterRanges, nodeGraceMilliseconds } = settings;
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
    ephemeralVolume,
    claimBinder,
    volumeBinder,
    claimProtection,
    volumeProtection,
    ...(clusterRanges === undefined ? [] : [nodeIpam(clusterRanges)]),
    nodeLifecycle({ graceMilliseconds: nodeGraceMilliseconds }),
    taintEviction(),
    podGarbageCollector(),
    serviceAccount,
    ...(serviceCIDRs === undefined ? [] : [clusterDns(serviceCIDRs)]),
    csrApproving(settings.serverNames),
    ...(signer === undefined ? [] : [csrSigning(signer)]),
    csrCleaner,
    tokenCleaner,
    ...(rootAuthority === undefined ? [] : [rootCaPublisher(rootAuthority)]),
  ];
}
