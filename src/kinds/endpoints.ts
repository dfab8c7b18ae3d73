/** Endpoints, the older form of EndpointSlice. Source: pkg/apis/core/validation, pkg/registry/core/endpoint. */
import { ageColumn, nameColumn, textColumn } from './columns.ts';
import { subsetsCell } from './endpoint-rules/cells.ts';
import { repackSubsets } from './endpoint-rules/repack.ts';
import { type FieldError, invalid, type Path, path, required } from './field.ts';
import type { CoreEndpointPort, EndpointAddress, Endpoints } from './generated/types.ts';
import { ipWarnings, validateIP, validateNonSpecialIP } from './ip-rules.ts';
import { defineKind } from './kind.ts';
import { isDNS1123Label, isDNS1123Subdomain, isPortNumber, isQualifiedName } from './names.ts';
import { getOwn } from './object.ts';
import { validateProtocol } from './service-rules/validate-ports.ts';

const managedByLabel = 'endpoints.kubernetes.io/managed-by';
const managedByController = 'endpoint-controller';

function validateAddress(address: EndpointAddress, at: Path): FieldError[] {
  const ip = address.ip ?? '';
  const errors = validateIP(ip, at.child('ip'));
  const { hostname, nodeName } = address;
  if (hostname !== undefined && hostname !== '')
    for (const message of isDNS1123Label(hostname))
      errors.push(invalid(at.child('hostname'), hostname, message));
  if (nodeName !== undefined)
    for (const message of isDNS1123Subdomain(nodeName))
      errors.push(invalid(at.child('nodeName'), nodeName, message));
  return [...errors, ...validateNonSpecialIP(ip, at.child('ip'))];
}

function validatePort(port: CoreEndpointPort, at: Path, nameRequired: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const name = port.name ?? '';
  if (name !== '')
    errors.push(...isDNS1123Label(name).map((message) => invalid(at.child('name'), name, message)));
  else if (nameRequired) errors.push(required(at.child('name'), ''));
  for (const message of isPortNumber(port.port ?? 0))
    errors.push(invalid(at.child('port'), port.port ?? 0, message));
  errors.push(...validateProtocol(port.protocol, at.child('protocol')));
  if (port.appProtocol !== undefined)
    for (const message of isQualifiedName(port.appProtocol))
      errors.push(invalid(at.child('appProtocol'), port.appProtocol, message));
  return errors;
}

function validate(object: Endpoints): FieldError[] {
  return (object.subsets ?? []).flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }, index) => {
    const at = path('subsets').index(index);
    const errors: FieldError[] = [];
    if (addresses.length === 0 && notReadyAddresses.length === 0)
      errors.push(required(at, 'must specify `addresses` or `notReadyAddresses`'));
    for (const [each, address] of addresses.entries())
      errors.push(...validateAddress(address, at.child('addresses').index(each)));
    for (const [each, address] of notReadyAddresses.entries())
      errors.push(...validateAddress(address, at.child('notReadyAddresses').index(each)));
    for (const [each, port] of ports.entries())
      errors.push(...validatePort(port, at.child('ports').index(each), ports.length > 1));
    return errors;
  });
}

function defaults(object: Endpoints): void {
  for (const subset of object.subsets ?? []) for (const port of subset.ports ?? []) port.protocol ||= 'TCP';
}

/** Only what is valid can be repacked, and errors must name the places that the user wrote. */
function canonicalize(object: Endpoints): void {
  if (object.subsets === undefined || validate(object).length > 0) return;
  const subsets = repackSubsets(object.subsets);
  if (subsets.length === 0) delete object.subsets;
  else object.subsets = subsets;
}

function warnings(object: Endpoints): string[] {
  // The controller repairs what it copies.
  if (getOwn(object.metadata.labels, managedByLabel) === managedByController) return [];
  return (object.subsets ?? []).flatMap((subset, index) =>
    (['addresses', 'notReadyAddresses'] as const).flatMap((list) =>
      (subset[list] ?? []).flatMap(({ ip }, each) =>
        ipWarnings(ip, path('subsets').index(index).child(list).index(each).child('ip')),
      ),
    ),
  );
}

export const endpoints = defineKind<Endpoints>({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  plural: 'endpoints',
  scope: 'Namespaced',
  shortNames: ['ep'],
  createOnUpdate: true,
  defaults,
  prepareCreate: canonicalize,
  prepareUpdate: canonicalize,
  validate,
  warnings,
  columns: [
    nameColumn,
    textColumn('Endpoints', (object: Endpoints) => subsetsCell(object.subsets)),
    ageColumn,
  ],
  example: {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'web', namespace: 'default' },
    subsets: [{ addresses: [{ ip: '10.244.0.5' }], ports: [{ name: 'http', port: 8080 }] }],
  },
});
