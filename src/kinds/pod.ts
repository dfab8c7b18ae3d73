/** Pods. Source of behaviour: pkg/registry/core/pod/strategy.go of Kubernetes; the details stand in pod/. */
import type { Pod } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { admitPod, admitPodUpdate } from './pod/admission.ts';
import { defaultPod } from './pod/defaults.ts';
import { applyMatchLabelKeys } from './pod/match-label-keys.ts';
import { qosClass } from './pod/qos.ts';
import { podColumns } from './pod/status-summary.ts';
import { specOf, validatePod, validatePodCreate } from './pod/validate-pod.ts';
import { validatePodStatusUpdate } from './pod/validate-status.ts';
import { validatePodUpdate } from './pod/validate-update.ts';
import { hostnameWarnings, podWarnings } from './pod/warnings.ts';

function prepareCreate(pod: Pod): void {
  admitPod(pod);
  pod.status = { phase: 'Pending', qosClass: qosClass(specOf(pod)) };
  applyMatchLabelKeys(pod);
  if ((specOf(pod).schedulingGates ?? []).length > 0)
    pod.status.conditions = [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
      },
    ];
}

/** The class is set at birth: old kubelets dropped it. */
function prepareStatusUpdate(pod: Pod, old: Pod): void {
  pod.status ??= {};
  pod.status.qosClass ||= old.status?.qosClass;
}

/** A pod that runs nowhere, or no more, has nothing to wind up. */
function deletionGraceSeconds(pod: Pod, asked: number | undefined): number {
  const phase = pod.status?.phase;
  if (!pod.spec?.nodeName || phase === 'Failed' || phase === 'Succeeded') return 0;
  const seconds = asked ?? pod.spec.terminationGracePeriodSeconds ?? 0;
  return seconds < 0 ? 1 : seconds;
}

function selectableFields(pod: Pod): Record<string, string> {
  return {
    'spec.nodeName': pod.spec?.nodeName ?? '',
    'spec.restartPolicy': pod.spec?.restartPolicy ?? '',
    'spec.schedulerName': pod.spec?.schedulerName ?? '',
    'spec.serviceAccountName': pod.spec?.serviceAccountName ?? '',
    'spec.hostNetwork': String(pod.spec?.hostNetwork ?? false),
    'status.phase': pod.status?.phase ?? '',
    'status.podIP': pod.status?.podIPs?.[0]?.ip ?? '',
    'status.nominatedNodeName': pod.status?.nominatedNodeName ?? '',
  };
}

export const pod = defineKind<Pod>({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  scope: 'Namespaced',
  shortNames: ['po'],
  categories: ['all'],
  subresources: [
    'status',
    'binding',
    'eviction',
    'log',
    'exec',
    'attach',
    'portforward',
    'proxy',
    'ephemeralcontainers',
  ],
  generation: true,
  defaults: defaultPod,
  prepareCreate,
  prepareUpdate: admitPodUpdate,
  prepareStatusUpdate,
  /** Old kubelets corrupted them. */
  statusKeeps: ['ownerReferences'],
  validate: validatePod,
  validateCreate: validatePodCreate,
  validateUpdate: validatePodUpdate,
  validateStatusUpdate: validatePodStatusUpdate,
  // None on update, as upstream: kubelets and schedulers update pods all the time, people hardly ever do.
  warnings: (object, old) =>
    old === undefined
      ? [...podWarnings(object.metadata, specOf(object)), ...hostnameWarnings(object.metadata, 'pod')]
      : [],
  deletionGraceSeconds,
  selectableFields,
  columns: podColumns,
  example: {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default' },
    spec: { containers: [{ name: 'web', image: 'nginx:1.29' }] },
  },
});
