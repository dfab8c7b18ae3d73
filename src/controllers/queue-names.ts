/**
 * What upstream's metrics call the work queues of controllers, so that dashboards made for Kubernetes find ours. Where
 * upstream has several queues for a controller, the one whose keys ours are closest to.
 */
const upstreamNames = new Map([
  ['cron-job', 'cronjob'],
  ['daemon-set', 'daemonset'],
  ['endpoint-slice', 'endpoint_slice'],
  ['endpoint-slice-mirroring', 'endpoint_slice_mirroring'],
  ['ephemeral-volume', 'ephemeral_volume'],
  ['garbage-collector', 'garbage_collector_attempt_to_delete'],
  ['horizontal-pod-autoscaler', 'horizontalpodautoscaler'],
  ['node-lifecycle', 'node_lifecycle_controller'],
  ['persistentvolume-binder', 'volumes'],
  ['persistentvolumeclaim-binder', 'claims'],
  ['persistentvolume-protection', 'pvprotection'],
  ['persistentvolumeclaim-protection', 'pvcprotection'],
  ['pod-garbage-collector', 'orphaned_pods_nodes'],
  ['replica-set', 'replicaset'],
  ['replication-controller', 'replicationmanager'],
  ['resource-quota', 'resourcequota_primary'],
  ['root-ca-certificate-publisher', 'root_ca_cert_publisher'],
  ['service-cidr', 'servicecidrs'],
  ['stateful-set', 'statefulset'],
  ['taint-eviction', 'noexec_taint_pod'],
  ['ttl-after-finished', 'ttl_jobs_to_delete'],
]);

export function queueNameOf(controllerName: string): string {
  return upstreamNames.get(controllerName) ?? controllerName;
}
