/** NetworkPolicy. Source: pkg/apis/networking/validation, pkg/registry/networking/networkpolicy. */
import { cidrContains, parseCidr } from '../lib/cidr.ts';
import { ageColumn, nameColumn, selectorCell, textColumn } from './columns.ts';
import { type FieldError, forbidden, invalid, notSupported, type Path, path, required } from './field.ts';
import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from './generated/types.ts';
import { cidrWarnings, validateCIDR } from './ip-rules.ts';
import { defineKind } from './kind.ts';
import { validateLabelSelector } from './label-selector.ts';
import { isPortName, isPortNumber } from './names.ts';

const specPath = path('spec');
/** In this order, as upstream prints them. */
const supportedProtocols = ['TCP', 'UDP', 'SCTP'] as const;
const supportedTypes = ['Ingress', 'Egress'] as const;

function validateEndPort({ port, endPort }: NetworkPolicyPort, at: Path): FieldError[] {
  if (endPort === undefined) return [];
  if (port === undefined) return [invalid(at, endPort, 'may not be specified when `port` is not specified')];
  if (typeof port === 'string')
    return [invalid(at, endPort, 'may not be specified when `port` is non-numeric')];
  return [
    ...(endPort < port ? [invalid(at, endPort, 'must be greater than or equal to `port`')] : []),
    ...isPortNumber(endPort).map((message) => invalid(at, endPort, message)),
  ];
}

function validatePort(policyPort: NetworkPolicyPort, at: Path): FieldError[] {
  const { protocol, port } = policyPort;
  const errors: FieldError[] = [];
  if (protocol !== undefined && !supportedProtocols.includes(protocol as 'TCP'))
    errors.push(notSupported(at.child('protocol'), protocol, supportedProtocols));
  const endPortErrors = validateEndPort(policyPort, at.child('endPort'));
  if (typeof port === 'string') errors.push(...endPortErrors);
  if (port !== undefined) {
    const messages = typeof port === 'number' ? isPortNumber(port) : isPortName(port);
    errors.push(...messages.map((message) => invalid(at.child('port'), port, message)));
  }
  return typeof port === 'string' ? errors : [...errors, ...endPortErrors];
}

function validateIPBlock(block: IPBlock, at: Path): FieldError[] {
  if ((block.cidr ?? '') === '') return [required(at.child('cidr'), '')];
  const errors = validateCIDR(block.cidr, at.child('cidr'));
  const cidr = parseCidr(block.cidr);
  if (cidr === undefined) return errors;
  for (const [index, text] of (block.except ?? []).entries()) {
    const exceptPath = at.child('except').index(index);
    errors.push(...validateCIDR(text, exceptPath));
    const except = parseCidr(text);
    if (except === undefined) continue;
    if (!cidrContains(cidr, except.family, except.base) || cidr.prefix >= except.prefix)
      errors.push(invalid(exceptPath, text, 'must be a strict subset of `cidr`'));
  }
  return errors;
}

function validatePeer(peer: NetworkPolicyPeer, at: Path): FieldError[] {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  const errors = [
    ...validateLabelSelector(podSelector, at.child('podSelector')),
    ...validateLabelSelector(namespaceSelector, at.child('namespaceSelector')),
    ...(ipBlock === undefined ? [] : validateIPBlock(ipBlock, at.child('ipBlock'))),
  ];
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (!selects && ipBlock === undefined) errors.push(required(at, 'must specify a peer'));
  if (selects && ipBlock !== undefined)
    errors.push(forbidden(at, 'may not specify both ipBlock and another peer'));
  return errors;
}

function validateRule(
  rule: { ports?: NetworkPolicyPort[]; from?: NetworkPolicyPeer[]; to?: NetworkPolicyPeer[] },
  at: Path,
): FieldError[] {
  const each = <Item>(
    items: Item[] | undefined,
    name: string,
    check: (item: Item, at: Path) => FieldError[],
  ) => (items ?? []).flatMap((item, index) => check(item, at.child(name).index(index)));
  return [
    ...each(rule.ports, 'ports', validatePort),
    ...each(rule.from, 'from', validatePeer),
    ...each(rule.to, 'to', validatePeer),
  ];
}

function validateTypes(types: readonly string[]): FieldError[] {
  const at = specPath.child('policyTypes');
  if (types.length > supportedTypes.length)
    return [invalid(at, types, 'may not specify more than two policyTypes')];
  return types.flatMap((type, index) =>
    supportedTypes.includes(type as 'Ingress') ? [] : [notSupported(at.index(index), type, supportedTypes)],
  );
}

function validate(object: NetworkPolicy): FieldError[] {
  const spec = object.spec ?? {};
  return [
    ...validateLabelSelector(spec.podSelector, specPath.child('podSelector')),
    ...(spec.ingress ?? []).flatMap((rule, index) =>
      validateRule(rule, specPath.child('ingress').index(index)),
    ),
    ...(spec.egress ?? []).flatMap((rule, index) =>
      validateRule(rule, specPath.child('egress').index(index)),
    ),
    ...validateTypes(spec.policyTypes ?? []),
  ];
}

function defaults(object: NetworkPolicy): void {
  object.spec ??= {};
  const spec: NetworkPolicySpec = object.spec;
  spec.podSelector ??= {};
  for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])])
    for (const port of rule.ports ?? []) port.protocol ??= 'TCP';
  if ((spec.policyTypes ?? []).length === 0)
    spec.policyTypes = (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}

function blockWarnings(block: IPBlock, at: Path): string[] {
  return [
    ...cidrWarnings(block.cidr, at.child('cidr')),
    ...(block.except ?? []).flatMap((text, index) => cidrWarnings(text, at.child('except').index(index))),
  ];
}

function warnings({ spec = {} }: NetworkPolicy): string[] {
  const peers = (list: NetworkPolicyPeer[] | undefined, at: Path) =>
    (list ?? []).flatMap(({ ipBlock }, index) =>
      ipBlock === undefined ? [] : blockWarnings(ipBlock, at.index(index).child('ipBlock')),
    );
  return [
    ...(spec.ingress ?? []).flatMap(({ from }, index) =>
      peers(from, specPath.child('ingress').index(index).child('from')),
    ),
    ...(spec.egress ?? []).flatMap(({ to }, index) =>
      peers(to, specPath.child('egress').index(index).child('to')),
    ),
  ];
}

export const networkPolicy = defineKind<NetworkPolicy>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  scope: 'Namespaced',
  shortNames: ['netpol'],
  generation: true,
  defaults,
  validate,
  warnings,
  columns: [
    nameColumn,
    textColumn('Pod-Selector', (object: NetworkPolicy) => selectorCell(object.spec?.podSelector)),
    ageColumn,
  ],
  example: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'deny-all', namespace: 'default' },
    spec: { podSelector: {}, policyTypes: ['Ingress'] },
  },
});
