/** What claims for devices and their templates share. Source: pkg/apis/resource of Kubernetes (KEP-4381). */
import { duplicate, type FieldError, invalid, notSupported, type Path, required } from './field.ts';
import type {
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaimSpec,
} from './generated/types.ts';
import { requireText, validateDNS1123Label, validateDNS1123Subdomain } from './pod/checks.ts';

const modes = ['All', 'ExactCount'];

function requestDefaults(request: ExactDeviceRequest | DeviceSubRequest): void {
  request.allocationMode ||= 'ExactCount';
  if (request.allocationMode === 'ExactCount') request.count ||= 1;
}

export function claimSpecDefaults(spec: ResourceClaimSpec): void {
  spec.devices ??= {};
  for (const { exactly, firstAvailable } of spec.devices.requests ?? []) {
    if (exactly !== undefined) requestDefaults(exactly);
    for (const alternative of firstAvailable ?? []) requestDefaults(alternative);
  }
}

function validateRequirement(request: ExactDeviceRequest | DeviceSubRequest, at: Path): FieldError[] {
  const { deviceClassName = '', allocationMode = '', count = 0 } = request;
  const where = at.child('deviceClassName');
  const errors =
    deviceClassName === ''
      ? requireText(deviceClassName, where)
      : validateDNS1123Subdomain(deviceClassName, where);
  if (!modes.includes(allocationMode))
    errors.push(notSupported(at.child('allocationMode'), allocationMode, modes));
  else if (allocationMode === 'ExactCount' && count <= 0)
    errors.push(invalid(at.child('count'), count, 'must be greater than zero'));
  else if (allocationMode === 'All' && count !== 0)
    errors.push(invalid(at.child('count'), count, "must not be specified when allocationMode is 'All'"));
  return errors;
}

function validateRequest(request: DeviceRequest, at: Path): FieldError[] {
  const { name = '', exactly, firstAvailable = [] } = request;
  const errors =
    name === '' ? requireText(name, at.child('name')) : validateDNS1123Label(name, at.child('name'));
  if (exactly !== undefined && firstAvailable.length > 0)
    errors.push(
      invalid(
        at,
        request,
        'exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set',
      ),
    );
  else if (exactly === undefined && firstAvailable.length === 0)
    errors.push(required(at, 'exactly one of `exactly` or `firstAvailable` is required'));
  if (exactly !== undefined) errors.push(...validateRequirement(exactly, at.child('exactly')));
  for (const [index, alternative] of firstAvailable.entries())
    errors.push(...validateRequirement(alternative, at.child('firstAvailable').index(index)));
  return errors;
}

export function validateClaimSpec(spec: ResourceClaimSpec | undefined, at: Path): FieldError[] {
  const names = new Set<string>();
  const requests = at.child('devices', 'requests');
  return (spec?.devices?.requests ?? []).flatMap((request, index) => {
    const errors = validateRequest(request, requests.index(index));
    if (names.has(request.name)) errors.push(duplicate(requests.index(index), request.name));
    names.add(request.name);
    return errors;
  });
}
