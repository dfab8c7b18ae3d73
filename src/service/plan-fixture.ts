/** What the tests of planning share: a world of what is taken, and Services as their kind hands them over. */
import assert from 'node:assert/strict';
import { describeFieldErrors } from '../kinds/field.ts';
import type { Service, ServiceSpec } from '../kinds/generated/types.ts';
import { service } from '../kinds/service.ts';
import { type Cidr, parseCidr } from '../lib/cidr.ts';
import { type IPFamily, parseAddress } from '../lib/ip.ts';
import { seededRandom } from '../lib/random.ts';
import { AddressSet } from './address-set.ts';
import { addressRange } from './ip-allocator.ts';
import type { FamilyAddresses } from './plan-cluster-ips.ts';
import { type PlanOptions, planService } from './plan-service.ts';

export const selector = { app: 'web' };
export const http = { port: 80, protocol: 'TCP' };

export interface World {
  cidrs?: string[];
  taken?: string[];
  ports?: number[];
  nodePortRange?: { first: number; last: number };
  dryRun?: boolean;
}

export function optionsOf(world: World): PlanOptions {
  const cidrs = (world.cidrs ?? ['10.96.0.0/16']).map((text) => parseCidr(text) as Cidr);
  const addresses = new Map<IPFamily, FamilyAddresses>();
  for (const cidr of cidrs)
    addresses.set(cidr.family, { ranges: [addressRange(cidr)], taken: new AddressSet() });
  for (const text of world.taken ?? []) {
    const address = parseAddress(text) ?? assert.fail(text);
    addresses.get(address.family)?.taken.add(address.value);
  }
  const ports = new Set(world.ports);
  return {
    families: cidrs.map((cidr) => cidr.family),
    addresses,
    nodePorts: {
      range: world.nodePortRange ?? { first: 30_000, last: 32_767 },
      isTaken: (port) => ports.has(port),
    },
    random: seededRandom(7),
    dryRun: world.dryRun,
  };
}

/** A spec as it is when its kind has done its part. */
export function prepared(spec: ServiceSpec, old?: ServiceSpec): ServiceSpec {
  const object: Service = { metadata: { name: 'web', namespace: 'default' }, spec: structuredClone(spec) };
  service.defaults?.(object);
  if (old === undefined) service.prepareCreate?.(object);
  else service.prepareUpdate?.(object, { metadata: { name: 'web' }, spec: structuredClone(old) } as Service);
  const errors = [
    ...(service.validate?.(object) ?? []),
    ...(old === undefined
      ? []
      : (service.validateUpdate?.(object, { metadata: {}, spec: old } as Service) ?? [])),
  ];
  assert.deepEqual(errors, []);
  return object.spec ?? {};
}

export function plan(spec: ServiceSpec, { old, ...world }: World & { old?: ServiceSpec } = {}) {
  const result = planService(prepared(spec, old), old, optionsOf(world));
  if (result.type !== 'planned') assert.fail(JSON.stringify(result));
  return result;
}

export function failure(spec: ServiceSpec, { old, ...world }: World & { old?: ServiceSpec } = {}): string {
  const result = planService(prepared(spec, old), old, optionsOf(world));
  if (result.type === 'planned') assert.fail(JSON.stringify(result));
  return result.type === 'refused' ? describeFieldErrors(result.errors) : `500 ${result.message}`;
}

/** The spec of a Service that has been created. */
export const created = (spec: ServiceSpec, world: World = {}): ServiceSpec => plan(spec, world).spec;

export const dual: World = { cidrs: ['10.96.0.0/16', 'fd00:10:96::/112'] };
export const isDynamic = (ip: string | undefined) =>
  /^10\.96\.\d+\.\d+$/.test(ip ?? '') && !/^10\.96\.(0\.|1\.0$)/.test(ip ?? '');
