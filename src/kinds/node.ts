import { ageColumn, nameColumn, none, textColumn, unknown, wide } from './columns.ts';
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  type Path,
  path,
  required,
} from './field.ts';
import type { Node, NodeStatus, Taint } from './generated/types.ts';
import { validateCIDR } from './ip-rules.ts';
import { defineKind } from './kind.ts';
import { validateLabelName } from './label-selector.ts';
import { isLabelValue } from './names.ts';
import { resourceEntries, validateAmount } from './quantities.ts';

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function validateEffect(effect: string | undefined, at: Path): FieldError[] {
  if (effect === undefined || effect === '') return [required(at, '')];
  return effects.includes(effect) ? [] : [notSupported(at, effect, effects)];
}

/** The path is upstream's, which says metadata though taints stand in spec. */
function validateTaints(taints: readonly Taint[] | undefined): FieldError[] {
  const seen = new Set<string>();
  return (taints ?? []).flatMap((taint, index) => {
    const at = path('metadata', 'taints').index(index);
    const errors = validateLabelName(taint.key ?? '', at.child('key'));
    const valueMessages = isLabelValue(taint.value ?? '');
    if (valueMessages.length > 0)
      errors.push(invalid(at.child('value'), taint.value, valueMessages.join(';')));
    errors.push(...validateEffect(taint.effect, at.child('effect')));
    const key = `${taint.effect}\n${taint.key}`;
    if (seen.has(key)) {
      const error = duplicate(at, taint);
      errors.push({ ...error, message: `${error.message}: taints must be unique by key and effect pair` });
    }
    seen.add(key);
    return errors;
  });
}

function validatePodCIDRs(podCIDRs: readonly string[] | undefined): FieldError[] {
  const at = path('spec', 'podCIDRs');
  if (podCIDRs === undefined) return [];
  const errors = podCIDRs.flatMap((cidr, index) => validateCIDR(cidr, at.index(index)));
  if (podCIDRs.length < 2) return errors;
  const bad = errors.length > 0 ? podCIDRs.find((cidr) => validateCIDR(cidr, at).length > 0) : undefined;
  if (bad !== undefined)
    errors.push({
      type: 'internal',
      field: at.toString(),
      message: `Internal error: invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR address: ${bad}`,
    });
  const families = new Set(podCIDRs.map((cidr) => cidr.includes(':')));
  if (bad !== undefined || families.size < 2 || podCIDRs.length > 2)
    errors.push(invalid(at, podCIDRs, 'may specify no more than one CIDR for each IP family'));
  for (const [index, cidr] of podCIDRs.entries())
    if (podCIDRs.indexOf(cidr) < index) errors.push(duplicate(at.index(index), cidr));
  return errors;
}

function validateAmounts(status: NodeStatus | undefined): FieldError[] {
  return (['capacity', 'allocatable'] as const).flatMap((field) =>
    resourceEntries(status?.[field]).flatMap(([name, quantity]) =>
      validateAmount(name, quantity, path('status', field, name)),
    ),
  );
}

function validate(node: Node): FieldError[] {
  return [
    ...validateTaints(node.spec?.taints),
    ...validateAmounts(node.status),
    ...validatePodCIDRs(node.spec?.podCIDRs),
  ];
}

function validateAddresses(status: NodeStatus | undefined): FieldError[] {
  const seen = new Set<string>();
  return (status?.addresses ?? []).flatMap((address, index) => {
    const key = `${address.type}\n${address.address}`;
    if (seen.has(key)) return [duplicate(path('status', 'addresses').index(index), address)];
    seen.add(key);
    return [];
  });
}

/** Pod ranges and the provider's name for the machine may be set once. */
function validateUpdate(node: Node, old: Node): FieldError[] {
  const errors = validateAddresses(node.status);
  const spec = path('spec');
  const [before, now] = [old.spec?.podCIDRs ?? [], node.spec?.podCIDRs ?? []];
  const changes =
    before.length === 0
      ? 0
      : before.length !== now.length
        ? 1
        : before.filter((cidr, index) => cidr !== now[index]).length;
  for (let count = 0; count < changes; count += 1)
    errors.push(
      forbidden(spec.child('podCIDRs'), 'node updates may not change podCIDR except from "" to valid'),
    );
  const providerID = old.spec?.providerID ?? '';
  if (providerID !== '' && providerID !== node.spec?.providerID)
    errors.push(
      forbidden(spec.child('providerID'), 'node updates may not change providerID except from "" to valid'),
    );
  if ((node.spec?.externalID ?? '') !== (old.spec?.externalID ?? ''))
    errors.push(forbidden(spec.child('externalID'), 'may not be updated'));
  return errors;
}

const nodeInfoTexts = [
  'architecture',
  'bootID',
  'containerRuntimeVersion',
  'kernelVersion',
  'kubeProxyVersion',
  'kubeletVersion',
  'machineID',
  'operatingSystem',
  'osImage',
  'systemUUID',
] as const;

/** `podCIDR` is the first of `podCIDRs`; what upstream always writes is written; allocatable is capacity unless said. */
function defaults(node: Node): void {
  node.spec ??= {};
  const { spec } = node;
  if (spec.podCIDR && !spec.podCIDRs?.length) spec.podCIDRs = [spec.podCIDR];
  else if (spec.podCIDRs?.length) spec.podCIDR = spec.podCIDRs[0] as string;
  node.status ??= {};
  const { status } = node;
  if (status.capacity !== undefined && status.allocatable === undefined)
    status.allocatable = { ...status.capacity };
  status.daemonEndpoints ??= {};
  status.daemonEndpoints.kubeletEndpoint ??= { Port: 0 };
  status.nodeInfo ??= {} as NonNullable<NodeStatus['nodeInfo']>;
  for (const field of nodeInfoTexts) status.nodeInfo[field] ??= '';
}

function statusCell(node: Node): string {
  const ready = node.status?.conditions?.findLast((condition) => condition.type === 'Ready');
  const states = [ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'];
  if (node.spec?.unschedulable) states.push('SchedulingDisabled');
  return states.join(',');
}

const rolePrefix = 'node-role.kubernetes.io/';

function rolesCell(node: Node): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) roles.add(key.slice(rolePrefix.length));
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value);
  }
  return roles.size === 0 ? none : [...roles].sort().join(',');
}

const address = (node: Node, type: string): string =>
  node.status?.addresses?.find((each) => each.type === type)?.address ?? none;

export const node = defineKind<Node>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  scope: 'Cluster',
  shortNames: ['no'],
  subresources: ['proxy', 'status'],
  statusOnCreate: true,
  defaults,
  validate,
  validateUpdate,
  validateStatusUpdate: validateUpdate,
  warnings: nodeWarnings,
  selectableFields: (node) => ({ 'spec.unschedulable': String(node.spec?.unschedulable ?? false) }),
  columns: [
    nameColumn,
    textColumn<Node>('Status', statusCell),
    textColumn<Node>('Roles', rolesCell),
    ageColumn,
    textColumn<Node>('Version', (node) => node.status?.nodeInfo?.kubeletVersion ?? ''),
    wide(textColumn<Node>('Internal-IP', (node) => address(node, 'InternalIP'))),
    wide(textColumn<Node>('External-IP', (node) => address(node, 'ExternalIP'))),
    wide(textColumn<Node>('OS-Image', (node) => node.status?.nodeInfo?.osImage || unknown)),
    wide(textColumn<Node>('Kernel-Version', (node) => node.status?.nodeInfo?.kernelVersion || unknown)),
    wide(
      textColumn<Node>(
        'Container-Runtime',
        (node) => node.status?.nodeInfo?.containerRuntimeVersion || unknown,
      ),
    ),
  ],
  example: {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'node-1', labels: { 'kubernetes.io/hostname': 'node-1' } },
    spec: { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24'] },
    status: {
      capacity: { cpu: '4', memory: '8Gi', pods: '110' },
      addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  },
});

/** Fields that the API still takes and nothing heeds. */
function nodeWarnings(node: Node): string[] {
  const warnings: string[] = [];
  if (node.spec?.configSource !== undefined)
    warnings.push(
      'spec.configSource: the feature is removed since v1.24, this field is no longer used and will be ignored',
    );
  if ((node.spec?.externalID ?? '') !== '')
    warnings.push('spec.externalID: this field is deprecated, and is unused by Kubernetes');
  return warnings;
}
