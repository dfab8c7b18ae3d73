/** EndpointSlice. Source: pkg/apis/discovery/validation, pkg/registry/discovery/endpointslice. */
import { parseAddress } from '../lib/ip.ts';
import { ageColumn, nameColumn, textColumn } from './columns.ts';
import { sliceEndpointsCell, slicePortsCell } from './endpoint-rules/cells.ts';
import {
  duplicate,
  type FieldError,
  invalid,
  notSupported,
  type Path,
  path,
  required,
  tooMany,
} from './field.ts';
import type { DiscoveryEndpointPort, Endpoint, EndpointHints, EndpointSlice } from './generated/types.ts';
import { ipWarnings, validateIP, validateNonSpecialIP } from './ip-rules.ts';
import { defineKind } from './kind.ts';
import { isDNS1123Label, isDNS1123Subdomain, isLabelValue, isPortNumber, isQualifiedName } from './names.ts';
import { getOwn } from './object.ts';
import { validateProtocol } from './service-rules/validate-ports.ts';

const supportedAddressTypes = ['FQDN', 'IPv4', 'IPv6'] as const;
const endpointsMax = 1000;
const addressesMax = 100;
const portsMax = 20_000;
const hintsMax = 8;

const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
/** These repair the addresses that they copy. */
const controllers = ['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io'];

function validateFQDN(name: string, at: Path): FieldError[] {
  if (name === '') return [required(at, '')];
  const bare = name.replace(/\.$/, '');
  const messages = isDNS1123Subdomain(bare);
  if (messages.length > 0) return [invalid(at, bare, messages.join(','))];
  return bare.includes('.')
    ? []
    : [invalid(at, bare, 'should be a domain with at least two segments separated by dots')];
}

function validateAddress(address: string, addressType: string, at: Path): FieldError[] {
  if (addressType === 'FQDN') return validateFQDN(address, at);
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return [];
  const errors = validateIP(address, at);
  if (errors.length === 0 && parseAddress(address)?.family !== addressType)
    errors.push(invalid(at, address, `must be an ${addressType} address`));
  return [...errors, ...validateNonSpecialIP(address, at)];
}

function validateHintNames(
  hints: readonly { name: string }[],
  at: Path,
  check: (name: string) => string[],
): FieldError[] {
  if (hints.length > hintsMax) return [tooMany(at, hints.length, hintsMax)];
  const seen = new Set<string>();
  return hints.flatMap(({ name = '' }, index) => {
    const namePath = at.index(index).child('name');
    const errors = seen.has(name) ? [duplicate(namePath, name)] : [];
    seen.add(name);
    return [...errors, ...check(name).map((message) => invalid(namePath, name, message))];
  });
}

function validateHints(hints: EndpointHints, at: Path): FieldError[] {
  return [
    ...validateHintNames(hints.forZones ?? [], at.child('forZones'), isLabelValue),
    ...validateHintNames(hints.forNodes ?? [], at.child('forNodes'), isDNS1123Subdomain),
  ];
}

function validateEndpoint(endpoint: Endpoint, addressType: string, at: Path): FieldError[] {
  const addresses = endpoint.addresses ?? [];
  const addressesPath = at.child('addresses');
  const errors: FieldError[] = [];
  if (addresses.length === 0) errors.push(required(addressesPath, 'must contain at least 1 address'));
  else if (addresses.length > addressesMax)
    errors.push(tooMany(addressesPath, addresses.length, addressesMax));
  for (const [index, address] of addresses.entries())
    errors.push(...validateAddress(address, addressType, addressesPath.index(index)));
  const { nodeName, hostname, hints } = endpoint;
  if (nodeName !== undefined)
    for (const message of isDNS1123Subdomain(nodeName))
      errors.push(invalid(at.child('nodeName'), nodeName, message));
  if (hostname !== undefined)
    for (const message of isDNS1123Label(hostname))
      errors.push(invalid(at.child('hostname'), hostname, message));
  return hints === undefined ? errors : [...errors, ...validateHints(hints, at.child('hints'))];
}

function validateEndpoints(slice: EndpointSlice): FieldError[] {
  const endpoints = slice.endpoints ?? [];
  const at = path('endpoints');
  if (endpoints.length > endpointsMax) return [tooMany(at, endpoints.length, endpointsMax)];
  return endpoints.flatMap((endpoint, index) =>
    validateEndpoint(endpoint, slice.addressType, at.index(index)),
  );
}

function validatePorts(ports: readonly DiscoveryEndpointPort[]): FieldError[] {
  const portsPath = path('ports');
  if (ports.length > portsMax) return [tooMany(portsPath, ports.length, portsMax)];
  const names = new Set<string>();
  return ports.flatMap(({ name = '', port, protocol, appProtocol }, index) => {
    const at = portsPath.index(index);
    const errors: FieldError[] = [];
    if (name !== '')
      errors.push(...isDNS1123Label(name).map((message) => invalid(at.child('name'), name, message)));
    if (names.has(name)) errors.push(duplicate(at.child('name'), name));
    names.add(name);
    errors.push(...validateProtocol(protocol, at.child('protocol')));
    if (port !== undefined)
      errors.push(...isPortNumber(port).map((message) => invalid(at.child('port'), port, message)));
    if (appProtocol !== undefined)
      for (const message of isQualifiedName(appProtocol))
        errors.push(invalid(at.child('appProtocol'), appProtocol, message));
    return errors;
  });
}

function validate(slice: EndpointSlice): FieldError[] {
  const type = slice.addressType ?? '';
  const errors: FieldError[] = [];
  if (type === '') errors.push(required(path('addressType'), ''));
  else if (!supportedAddressTypes.includes(type as 'IPv4'))
    errors.push(notSupported(path('addressType'), type, supportedAddressTypes));
  return [...errors, ...validateEndpoints(slice), ...validatePorts(slice.ports ?? [])];
}

function validateUpdate(slice: EndpointSlice, old: EndpointSlice): FieldError[] {
  return slice.addressType === old.addressType
    ? []
    : [invalid(path('addressType'), slice.addressType, 'field is immutable')];
}

function defaults(slice: EndpointSlice): void {
  for (const port of slice.ports ?? []) {
    port.name ??= '';
    port.protocol ??= 'TCP';
  }
}

/** The v1beta1 topology labels are read only in v1. */
function prepare(slice: EndpointSlice): void {
  for (const endpoint of slice.endpoints ?? []) delete endpoint.deprecatedTopology;
}

function warnings(slice: EndpointSlice, old?: EndpointSlice): string[] {
  const texts =
    old === undefined && slice.addressType === 'FQDN'
      ? ['spec.addressType: FQDN endpoints are deprecated']
      : [];
  if (slice.addressType === 'FQDN') return texts;
  if (controllers.includes(getOwn(slice.metadata.labels, managedByLabel) ?? '')) return texts;
  for (const [index, endpoint] of (slice.endpoints ?? []).entries())
    for (const [each, address] of endpoint.addresses.entries())
      texts.push(...ipWarnings(address, path('endpoints').index(index).child('addresses').index(each)));
  return texts;
}

export const endpointSlice = defineKind<EndpointSlice>({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  scope: 'Namespaced',
  generation: true,
  defaults,
  prepareCreate: prepare,
  prepareUpdate: prepare,
  validate,
  validateUpdate,
  warnings,
  columns: [
    nameColumn,
    textColumn('AddressType', (slice: EndpointSlice) => slice.addressType),
    textColumn('Ports', (slice: EndpointSlice) => slicePortsCell(slice.ports)),
    textColumn('Endpoints', (slice: EndpointSlice) => sliceEndpointsCell(slice.endpoints)),
    ageColumn,
  ],
  example: {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'web-x7k2p', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.244.0.5'], conditions: { ready: true } }],
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  },
});
