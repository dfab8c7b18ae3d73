/** Regular, init and ephemeral containers. Source of rules and wording: pkg/apis/core/validation of Kubernetes. */
import { duplicate, type FieldError, forbidden, invalid, notFound, type Path, required } from '../field.ts';
import type { Container, ContainerPort, EphemeralContainer, PodSpec } from '../generated/types.ts';
import { isPortName, isPortNumber } from '../names.ts';
import { isSidecar } from './amounts.ts';
import { invalidEach, requireText, validateChoice, validateDNS1123Label } from './checks.ts';
import { validateEnv, validateEnvFrom, validateFileKeyVolumes } from './validate-env.ts';
import { validateVolumeDevices, validateVolumeMounts } from './validate-mounts.ts';
import { validateLifecycle, validateProbes } from './validate-probes.ts';
import { validateContainerResources } from './validate-resources.ts';
import { validateRestartRules } from './validate-restart-rules.ts';
import { validateSecurityContext } from './validate-security.ts';
import type { Volumes } from './validate-volumes.ts';

/** What all containers of one spec are checked against. */
export interface ContainerScope {
  readonly spec: PodSpec;
  readonly volumes: Volumes;
  readonly podClaims: ReadonlySet<string>;
}

function validatePorts(ports: readonly ContainerPort[] | undefined, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, port] of (ports ?? []).entries()) {
    const here = at.index(index);
    if (port.name) {
      const messages = isPortName(port.name);
      errors.push(...invalidEach(here.child('name'), port.name, messages));
      if (messages.length === 0 && names.has(port.name))
        errors.push(duplicate(here.child('name'), port.name));
      names.add(port.name);
    }
    if (!port.containerPort) errors.push(required(here.child('containerPort'), ''));
    else
      errors.push(
        ...invalidEach(here.child('containerPort'), port.containerPort, isPortNumber(port.containerPort)),
      );
    if (port.hostPort)
      errors.push(...invalidEach(here.child('hostPort'), port.hostPort, isPortNumber(port.hostPort)));
    errors.push(...validateChoice(port.protocol, ['SCTP', 'TCP', 'UDP'], here.child('protocol')));
  }
  return errors;
}

function validateResizePolicy(
  container: Container,
  restartPolicy: string | undefined,
  at: Path,
): FieldError[] {
  const errors: FieldError[] = [];
  if (container.resizePolicy == null) return errors;
  const seen = new Set<string>();
  for (const [index, policy] of container.resizePolicy.entries()) {
    if (seen.has(policy.resourceName)) errors.push(duplicate(at.index(index), policy.resourceName));
    seen.add(policy.resourceName);
    errors.push(...validateChoice(policy.resourceName, ['cpu', 'memory'], at));
    errors.push(...validateChoice(policy.restartPolicy, ['NotRequired', 'RestartContainer'], at));
    if (restartPolicy === 'Never' && policy.restartPolicy !== 'NotRequired')
      errors.push(invalid(at, policy.restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'"));
  }
  return errors;
}

function validateCommon(container: Container, scope: ContainerScope, at: Path): FieldError[] {
  const errors = container.name
    ? validateDNS1123Label(container.name, at.child('name'))
    : [required(at.child('name'), '')];
  errors.push(...requireText(container.image, at.child('image')));
  errors.push(
    ...validateChoice(
      container.terminationMessagePolicy,
      ['File', 'FallbackToLogsOnError'],
      at.child('terminationMessagePolicy'),
    ),
    ...validatePorts(container.ports, at.child('ports')),
    ...validateEnv(container.env, at.child('env')),
    ...validateFileKeyVolumes(container.env, scope.spec.volumes, at.child('env')),
    ...validateEnvFrom(container.envFrom, at.child('envFrom')),
    ...validateVolumeMounts(container, scope.volumes, at.child('volumeMounts')),
    ...validateVolumeDevices(container, scope.volumes, at.child('volumeDevices')),
    ...validateChoice(
      container.imagePullPolicy,
      ['Always', 'IfNotPresent', 'Never'],
      at.child('imagePullPolicy'),
    ),
    ...validateContainerResources(container.resources, scope.podClaims, at.child('resources')),
    ...validateResizePolicy(container, scope.spec.restartPolicy, at.child('resizePolicy')),
    ...validateSecurityContext(
      container.securityContext,
      scope.spec.hostUsers !== false,
      at.child('securityContext'),
    ),
  );
  return errors;
}

/** Two containers that run together may not take the same port of the host. */
function validateHostPorts(containers: readonly Container[], at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const taken = new Set<string>();
  for (const [index, container] of containers.entries())
    for (const [portIndex, port] of (container.ports ?? []).entries()) {
      if (!port.hostPort) continue;
      const key = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort}`;
      if (taken.has(key))
        errors.push(duplicate(at.index(index).child('ports').index(portIndex).child('hostPort'), key));
      taken.add(key);
    }
  return errors;
}

export function validateContainers(scope: ContainerScope, at: Path): FieldError[] {
  const containers = scope.spec.containers ?? [];
  if (containers.length === 0) return [required(at, '')];
  const errors: FieldError[] = [];
  const graceSeconds = scope.spec.terminationGracePeriodSeconds;
  const names = new Set<string>();
  for (const [index, container] of containers.entries()) {
    const here = at.index(index);
    errors.push(...validateCommon(container, scope, here));
    if (names.has(container.name)) errors.push(duplicate(here.child('name'), container.name));
    names.add(container.name);
    if (container.lifecycle != null)
      errors.push(...validateLifecycle(container.lifecycle, graceSeconds, here.child('lifecycle')));
    errors.push(...validateProbes(container, graceSeconds, here), ...validateRestartRules(container, here));
  }
  return [...errors, ...validateHostPorts(containers, at)];
}

const runningOnly = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;

export function validateInitContainers(scope: ContainerScope, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  if (scope.spec.initContainers == null) return errors;
  const graceSeconds = scope.spec.terminationGracePeriodSeconds;
  const names = new Set((scope.spec.containers ?? []).map((container) => container.name));
  for (const [index, container] of scope.spec.initContainers.entries()) {
    const here = at.index(index);
    errors.push(...validateCommon(container, scope, here), ...validateRestartRules(container, here));
    if (names.has(container.name)) errors.push(duplicate(here.child('name'), container.name));
    else if (container.name) names.add(container.name);
    // Init containers run one by one: each may take what the others take. Upstream counts each as the first.
    errors.push(...validateHostPorts([container], at));
    if (isSidecar(container)) {
      if (container.lifecycle != null)
        errors.push(...validateLifecycle(container.lifecycle, graceSeconds, here.child('lifecycle')));
      errors.push(...validateProbes(container, graceSeconds, here));
    } else
      for (const name of runningOnly)
        if (container[name] != null)
          errors.push(
            forbidden(here.child(name), 'may not be set for init containers without restartPolicy=Always'),
          );
  }
  return errors;
}

const notForEphemeral = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const;

function isSet(value: unknown): boolean {
  if (value == null || value === '') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

function validateEphemeralOnly(container: EphemeralContainer, at: Path): FieldError[] {
  const why = 'cannot be set for an Ephemeral Container';
  const errors = notForEphemeral
    .filter((name) => isSet(container[name]))
    .map((name) => forbidden(at.child(name), why));
  for (const [index, mount] of (container.volumeMounts ?? []).entries())
    for (const name of ['subPath', 'subPathExpr'] as const)
      if (mount[name]) errors.push(forbidden(at.child('volumeMounts').index(index).child(name), why));
  return errors;
}

export function validateEphemeralContainers(scope: ContainerScope, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const { spec } = scope;
  if (spec.ephemeralContainers == null) return errors;
  const others = new Set(
    [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((each) => each.name),
  );
  const names = new Set(others);
  for (const [index, container] of spec.ephemeralContainers.entries()) {
    const here = at.index(index);
    errors.push(...validateCommon(container, scope, here), ...validateImageBlanks(container, here));
    if (names.has(container.name)) errors.push(duplicate(here.child('name'), container.name));
    names.add(container.name);
    const target = container.targetContainerName;
    if (target && !others.has(target)) errors.push(notFound(here.child('targetContainerName'), target));
    errors.push(...validateEphemeralOnly(container, here));
  }
  return errors;
}

/** Pods only: templates may have blanks around an image, since old ones had. */
export function validateImageBlanks(container: Container | EphemeralContainer, at: Path): FieldError[] {
  const image = container.image ?? '';
  return image.trim() === image
    ? []
    : [invalid(at.child('image'), image, 'must not have leading or trailing whitespace')];
}
