/** Ports of a Service. Source: pkg/apis/core/validation (validateServicePort, ValidatePortNumOrName). */
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  type Path,
  path,
  required,
} from '../field.ts';
import type { ServicePort, ServiceSpec } from '../generated/types.ts';
import { isDNS1123Label, isPortName, isPortNumber, isQualifiedName } from '../names.ts';
import { portsOf, supportedProtocols } from './service-type.ts';

const portsPath = path('spec', 'ports');

function validateTargetPort(value: number | string, at: Path): FieldError[] {
  const messages = typeof value === 'number' ? isPortNumber(value) : isPortName(value);
  return messages.map((message) => invalid(at, value, message));
}

export function validateProtocol(protocol: string | undefined, at: Path): FieldError[] {
  if ((protocol ?? '') === '') return [required(at, '')];
  return supportedProtocols.includes(protocol as 'TCP')
    ? []
    : [notSupported(at, protocol, supportedProtocols)];
}

function validatePort(port: ServicePort, at: Path): FieldError[] {
  const errors = isPortNumber(port.port ?? 0).map((message) =>
    invalid(at.child('port'), port.port ?? 0, message),
  );
  errors.push(...validateProtocol(port.protocol, at.child('protocol')));
  errors.push(...validateTargetPort(port.targetPort ?? port.port ?? 0, at.child('targetPort')));
  if (port.appProtocol !== undefined)
    for (const message of isQualifiedName(port.appProtocol))
      errors.push(invalid(at.child('appProtocol'), port.appProtocol, message));
  return errors;
}

function validateEach(ports: readonly ServicePort[]): FieldError[] {
  const names = new Set<string>();
  const errors: FieldError[] = [];
  for (const [index, port] of ports.entries()) {
    const at = portsPath.index(index);
    const name = port.name ?? '';
    if (name === '') {
      if (ports.length > 1) errors.push(required(at.child('name'), ''));
    } else {
      errors.push(...isDNS1123Label(name).map((message) => invalid(at.child('name'), name, message)));
      if (names.has(name)) errors.push(duplicate(at.child('name'), name));
      names.add(name);
    }
    errors.push(...validatePort(port, at));
  }
  return errors;
}

/** How the API prints the pair that is there twice: the whole internal port with only these two set. */
const portPair = (port: ServicePort): unknown => ({
  Name: '',
  Protocol: port.protocol,
  AppProtocol: null,
  Port: port.port,
  TargetPort: 0,
  NodePort: 0,
});

/** The ports one by one: names, numbers, protocols. */
export const validatePorts = (spec: ServiceSpec): FieldError[] => validateEach(portsOf(spec));

/** The ports among each other and with the type. */
export function validatePortsTogether(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const ports = portsOf(spec);
  if (spec.type === 'ClusterIP')
    for (const [index, port] of ports.entries())
      if ((port.nodePort ?? 0) !== 0)
        errors.push(
          forbidden(portsPath.index(index).child('nodePort'), "may not be used when `type` is 'ClusterIP'"),
        );
  const nodePorts = new Set<string>();
  for (const [index, { protocol, nodePort }] of ports.entries()) {
    if ((nodePort ?? 0) === 0) continue;
    const pair = `${protocol} ${nodePort}`;
    if (nodePorts.has(pair)) errors.push(duplicate(portsPath.index(index).child('nodePort'), nodePort));
    nodePorts.add(pair);
  }
  const pairs = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const pair = `${port.protocol} ${port.port}`;
    if (pairs.has(pair)) errors.push(duplicate(portsPath.index(index), portPair(port)));
    pairs.add(pair);
  }
  return errors;
}
