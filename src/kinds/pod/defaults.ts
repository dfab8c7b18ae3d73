/**
 * Defaults of pods and of pod templates. In place and idempotent.
 * Source: pkg/apis/core/v1/defaults.go, conversion.go and the +default marks of the v1 types of Kubernetes.
 */
import type {
  Container,
  EphemeralContainer,
  Lifecycle,
  Pod,
  PodSpec,
  PodStatus,
  PodTemplateSpec,
  Probe,
} from '../generated/types.ts';
import { setOwn } from '../object.ts';
import { defaultPullPolicy } from './image.ts';
import { defaultPodLevelResources } from './pod-level-resources.ts';
import { canonicalAmounts, defaultEnvVarSource, defaultVolume } from './volume-defaults.ts';

const defaultTerminationGraceSeconds = 30;

/** Fields that upstream leaves out when they hold Go's zero value, since it cannot tell that from unset. */
const podSpecZeroes = [
  'hostAliases',
  'hostIPC',
  'hostNetwork',
  'hostPID',
  'hostname',
  'imagePullSecrets',
  'initContainers',
  'ephemeralContainers',
  'nodeName',
  'nodeSelector',
  'priorityClassName',
  'readinessGates',
  'resourceClaims',
  'schedulingGates',
  'subdomain',
  'tolerations',
  'topologySpreadConstraints',
  'volumes',
];
const containerZeroes = [
  'args',
  'command',
  'env',
  'envFrom',
  'ports',
  'resizePolicy',
  'stdin',
  'stdinOnce',
  'tty',
  'volumeDevices',
  'volumeMounts',
  'workingDir',
];

function isZero(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** Removes the named fields where they hold nothing. */
export function omitZeroes(target: object, names: readonly string[]): void {
  const fields = target as Record<string, unknown>;
  for (const name of names) if (Object.hasOwn(fields, name) && isZero(fields[name])) delete fields[name];
}

function defaultHTTPGet(action: { path?: string; scheme?: string } | undefined): void {
  if (action === undefined) return;
  action.path ||= '/';
  action.scheme ||= 'HTTP';
}

function defaultProbe(probe: Probe | undefined): void {
  if (probe === undefined) return;
  omitZeroes(probe, ['initialDelaySeconds']);
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  defaultHTTPGet(probe.httpGet);
  if (probe.grpc !== undefined) probe.grpc.service ??= '';
}

function defaultLifecycle(lifecycle: Lifecycle | undefined): void {
  defaultHTTPGet(lifecycle?.postStart?.httpGet);
  defaultHTTPGet(lifecycle?.preStop?.httpGet);
}

function defaultContainer(container: Container | EphemeralContainer): void {
  omitZeroes(container, containerZeroes);
  container.imagePullPolicy ||= defaultPullPolicy(container.image);
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  container.resources ??= {};
  canonicalAmounts(container.resources.limits);
  canonicalAmounts(container.resources.requests);
  for (const port of container.ports ?? []) {
    omitZeroes(port, ['hostIP', 'hostPort', 'name']);
    port.protocol ||= 'TCP';
  }
  for (const variable of container.env ?? []) {
    omitZeroes(variable, ['value']);
    defaultEnvVarSource(variable.valueFrom);
  }
  for (const mount of container.volumeMounts ?? []) omitZeroes(mount, ['readOnly', 'subPath', 'subPathExpr']);
  defaultProbe(container.livenessProbe);
  defaultProbe(container.readinessProbe);
  defaultProbe(container.startupProbe);
  defaultLifecycle(container.lifecycle);
}

/** Every container of a spec: init, regular, ephemeral. */
function allContainers(spec: PodSpec): (Container | EphemeralContainer)[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
}

/** serviceAccount is the old name of serviceAccountName; both are shown. */
function mirrorServiceAccount(spec: PodSpec): void {
  const name = spec.serviceAccountName || spec.serviceAccount;
  if (name) {
    spec.serviceAccountName = name;
    spec.serviceAccount = name;
  } else omitZeroes(spec, ['serviceAccountName', 'serviceAccount']);
}

/** What holds for every pod spec, in a pod or in a template. */
function defaultPodSpec(spec: PodSpec): void {
  omitZeroes(spec, podSpecZeroes);
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.restartPolicy ||= 'Always';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= defaultTerminationGraceSeconds;
  spec.schedulerName ||= 'default-scheduler';
  mirrorServiceAccount(spec);
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  for (const container of allContainers(spec)) defaultContainer(container);
  canonicalAmounts(spec.overhead);
  canonicalAmounts(spec.resources?.limits);
  canonicalAmounts(spec.resources?.requests);
}

/** A template always has metadata and a spec: upstream's are no pointers. */
export function defaultPodTemplate(template: PodTemplateSpec): void {
  template.metadata ??= {};
  template.spec ??= { containers: [] };
  defaultPodSpec(template.spec);
}

/** What a container may use is what it asks for, where it does not say. */
function requestsFromLimits(container: Container): void {
  const resources = container.resources;
  if (resources?.limits == null) return;
  resources.requests ??= {};
  for (const [name, amount] of Object.entries(resources.limits))
    if (!Object.hasOwn(resources.requests, name)) setOwn(resources.requests, name, amount);
  omitZeroes(resources, ['requests']);
}

/** With the host's network a container's port is the host's port. */
function hostPorts(container: Container): void {
  for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
}

/** podIP is the first of podIPs; where they disagree, podIP wins, as old kubelets only set that. */
function mirrorPodIP(status: PodStatus): void {
  if (status.podIP && status.podIP !== status.podIPs?.[0]?.ip) status.podIPs = [{ ip: status.podIP }];
  const first = status.podIPs?.[0]?.ip;
  if (first !== undefined) status.podIP = first;
}

function defaultStatus(status: PodStatus): void {
  mirrorPodIP(status);
  const lists = [status.initContainerStatuses, status.containerStatuses, status.ephemeralContainerStatuses];
  for (const container of lists.flatMap((list) => list ?? [])) {
    container.state ??= {};
    container.lastState ??= {};
  }
}

export function defaultPod(pod: Pod): void {
  pod.spec ??= { containers: [] };
  pod.status ??= {};
  const spec = pod.spec;
  defaultPodSpec(spec);
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  for (const container of containers) requestsFromLimits(container);
  defaultPodLevelResources(spec);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork) for (const container of containers) hostPorts(container);
  defaultStatus(pod.status);
}
