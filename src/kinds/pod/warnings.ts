/** Texts for `Warning:` headers about pods and templates. Source of wording: pkg/api/pod/warnings.go of Kubernetes. */
import { milliValue, parseQuantity } from '../../lib/quantity.ts';
import { Path } from '../field.ts';
import type { ContainerPort, ObjectMeta, PodSpec } from '../generated/types.ts';
import { ipWarnings } from '../ip-rules.ts';
import { isDNS1123Label } from '../names.ts';
import { getOwn } from '../object.ts';
import { type PlacedContainer, placedContainers } from './containers.ts';
import { comparedPortsMax, portWarningsMax } from './limits.ts';
import { appArmorPrefix, seccompContainerPrefix, seccompPodAnnotation } from './validate-annotations.ts';
import { affinityWarnings, nodeLabelWarning } from './warnings-scheduling.ts';
import { volumeWarnings } from './warnings-volumes.ts';

const deprecatedAnnotations: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod':
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};

function duplicates<Item>(
  items: readonly Item[] | undefined,
  keyOf: (item: Item) => string,
): [number, string][] {
  const found: [number, string][] = [];
  if (items == null) return found;
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const key = keyOf(item);
    if (seen.has(key)) found.push([index, key]);
    seen.add(key);
  }
  return found;
}

function listWarnings(spec: PodSpec, at: Path): string[] {
  const aliases = at.child('hostAliases');
  const warnings = duplicates(spec.hostAliases, (alias) => alias.ip ?? '').map(
    ([index, ip]) => `${aliases.index(index).child('ip')}: duplicate ip ${JSON.stringify(ip)}`,
  );
  for (const [index, alias] of (spec.hostAliases ?? []).entries())
    warnings.push(...ipWarnings(alias.ip ?? '', aliases.index(index).child('ip')));
  for (const [index, address] of (spec.dnsConfig?.nameservers ?? []).entries())
    warnings.push(...ipWarnings(address, at.child('dnsConfig', 'nameservers').index(index)));
  const secrets = at.child('imagePullSecrets');
  for (const [index, name] of duplicates(spec.imagePullSecrets, (secret) => secret.name ?? ''))
    warnings.push(`${secrets.index(index).child('name')}: duplicate name ${JSON.stringify(name)}`);
  for (const [index, secret] of (spec.imagePullSecrets ?? []).entries())
    if (!secret.name) warnings.push(`${secrets.index(index).child('name')}: invalid empty name ""`);
  return warnings;
}

/** Half a byte cannot be had. */
function fractionWarnings(amounts: Readonly<Record<string, string>> | undefined, at: Path): string[] {
  if (amounts == null) return [];
  return ['memory', 'ephemeral-storage'].flatMap((name) => {
    const amount = parseQuantity(String(getOwn(amounts, name) ?? '0'));
    return amount !== undefined && milliValue(amount) % 1000n !== 0n
      ? [
          `${at.key(name)}: fractional byte value ${JSON.stringify(amount.text)} is invalid, must be an integer`,
        ]
      : [];
  });
}

/** A variable that is set twice is fine only when the second is built from the first. */
function environmentWarnings({ container, at }: PlacedContainer): string[] {
  const warnings: string[] = [];
  if (container.env == null) return warnings;
  const seen = new Set<string>();
  for (const [index, { name, value = '', valueFrom }] of container.env.entries()) {
    const reference = `$(${name})`;
    const builtFromFirst = valueFrom == null && value !== reference && value.includes(reference);
    if (seen.has(name) && !builtFromFirst)
      warnings.push(
        `${at.child('env').index(index)}: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
      );
    seen.add(name);
  }
  return warnings;
}

/** Go's way to print the port. */
const portText = (port: ContainerPort): string =>
  `{Name:${port.name ?? ''} HostPort:${port.hostPort ?? 0} ContainerPort:${port.containerPort} Protocol:${port.protocol ?? ''} HostIP:${port.hostIP ?? ''}}`;

function overlap(port: ContainerPort, other: ContainerPort): string | undefined {
  const sameIP = (port.hostIP ?? '') === (other.hostIP ?? '');
  const samePort = (port.hostPort ?? 0) === (other.hostPort ?? 0);
  if (sameIP && samePort) return 'duplicate port definition';
  if (!port.hostPort || !other.hostPort) return 'overlapping port definition';
  const oneIsAny = !port.hostIP !== !other.hostIP;
  return samePort && oneIsAny ? 'dangerously ambiguous port definition' : undefined;
}

function portWarnings(containers: readonly PlacedContainer[]): string[] {
  const warnings: string[] = [];
  const seen = new Map<string, { port: ContainerPort; at: Path }[]>();
  for (const { container, at } of containers)
    for (const [index, port] of (container.ports ?? []).entries()) {
      const here = at.child('ports').index(index);
      if (port.hostIP && !port.hostPort)
        warnings.push(`${here}: hostIP set without hostPort: ${portText(port)}`);
      const key = `${port.containerPort}/${port.protocol ?? ''}`;
      const others = seen.get(key) ?? [];
      for (const other of others) {
        if (warnings.length >= portWarningsMax) return warnings;
        const how = overlap(port, other.port);
        if (how !== undefined) warnings.push(`${here}: ${how} with ${other.at}`);
      }
      if (others.length < comparedPortsMax) others.push({ port, at: here });
      seen.set(key, others);
    }
  return warnings;
}

function containerWarnings(
  placed: PlacedContainer,
  metadata: ObjectMeta,
  spec: PodSpec,
  template: Path | undefined,
): string[] {
  const { container, at } = placed;
  const annotationsAt = (template ?? new Path('')).child('metadata', 'annotations');
  const warnings: string[] = [];
  const seccomp = `${seccompContainerPrefix}${container.name}`;
  if (
    container.securityContext?.seccompProfile == null &&
    getOwn(metadata.annotations, seccomp) !== undefined
  )
    warnings.push(
      `${annotationsAt.key(seccomp)}: non-functional in v1.27+; use the "seccompProfile" field instead`,
    );
  const appArmor = `${appArmorPrefix}${container.name}`;
  const field = container.securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile;
  if (template !== undefined && field == null && getOwn(metadata.annotations, appArmor) !== undefined)
    warnings.push(
      `${annotationsAt.key(appArmor)}: deprecated since v1.30; use the "appArmorProfile" field instead`,
    );
  return [
    ...warnings,
    ...fractionWarnings(container.resources?.limits, at.child('resources', 'limits')),
    ...fractionWarnings(container.resources?.requests, at.child('resources', 'requests')),
    ...environmentWarnings(placed),
  ];
}

/** `template` is the path of the template; absent for a pod itself. */
export function podWarnings(metadata: ObjectMeta, spec: PodSpec, template?: Path): string[] {
  const root = template ?? new Path('');
  const at = root.child('spec');
  const warnings: string[] = [];
  for (const key of Object.keys(spec.nodeSelector ?? {})) {
    const why = nodeLabelWarning(key);
    if (why !== undefined) warnings.push(`${at.child('nodeSelector').key(key)}: ${why}`);
  }
  warnings.push(...affinityWarnings(spec, at));
  for (const [key, why] of Object.entries(deprecatedAnnotations))
    if (getOwn(metadata.annotations, key) !== undefined)
      warnings.push(`${root.child('metadata', 'annotations').key(key)}: ${why}`);
  warnings.push(...volumeWarnings(spec, at), ...listWarnings(spec, at));
  warnings.push(...fractionWarnings(spec.overhead, at.child('overhead')));
  if (
    spec.securityContext?.seccompProfile == null &&
    getOwn(metadata.annotations, seccompPodAnnotation) !== undefined
  )
    warnings.push(
      `${root.child('metadata', 'annotations').key(seccompPodAnnotation)}: non-functional in v1.27+; use the "seccompProfile" field instead`,
    );
  const containers = placedContainers(spec, at);
  for (const placed of containers) warnings.push(...containerWarnings(placed, metadata, spec, template));
  warnings.push(...portWarnings(containers));
  const grace = spec.terminationGracePeriodSeconds;
  if (grace !== undefined && grace < 0)
    warnings.push(
      `${at.child('terminationGracePeriodSeconds')}: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  return warnings;
}

/** A name that is no DNS label makes poor hostnames. `used` says where the name goes. */
export function hostnameWarnings(metadata: ObjectMeta, used: 'pod' | 'pods'): string[] {
  const messages = isDNS1123Label(metadata.name ?? '');
  if (messages.length === 0) return [];
  const where = used === 'pod' ? "the Pod's hostname" : 'Pod names and hostnames';
  return [
    `metadata.name: this is used in ${where}, which can result in surprising behavior; a DNS label is recommended: [${messages.join(' ')}]`,
  ];
}
