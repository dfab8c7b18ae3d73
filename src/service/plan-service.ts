/**
 * What a write of a Service takes and gives back: one pure function from the old Service, the new one and what is
 * taken, to the finished spec and the difference in what the Service holds.
 */
import type { ServiceSpec } from '../kinds/generated/types.ts';
import { needsHealthCheck } from '../kinds/service-rules/service-type.ts';
import type { IPFamily } from '../lib/ip.ts';
import { type ClusterIPOptions, clusterIPsOf, planClusterIPs } from './plan-cluster-ips.ts';
import { type Failure, refused } from './plan-failure.ts';
import { planFamilies } from './plan-families.ts';
import { type NodePortOptions, nodePortsOf, planNodePorts } from './plan-node-ports.ts';

export interface Holdings {
  /** In canonical form. */
  readonly addresses: ReadonlySet<string>;
  /** Health check ports too. */
  readonly ports: ReadonlySet<number>;
}

export interface ServicePlan {
  readonly type: 'planned';
  /** The new Service's spec with everything filled in. */
  readonly spec: ServiceSpec;
  readonly takeAddresses: readonly string[];
  readonly releaseAddresses: readonly string[];
  readonly takePorts: readonly number[];
  readonly releasePorts: readonly number[];
}

export interface PlanOptions extends ClusterIPOptions {
  /** The families that the cluster has, the default first. */
  readonly families: readonly IPFamily[];
  readonly nodePorts: Omit<NodePortOptions, 'random'>;
}

/** Everything that only one Service can have, and this one has. */
export function holdingsOf(spec: ServiceSpec | undefined): Holdings {
  if (spec === undefined) return { addresses: new Set(), ports: new Set() };
  const ports = nodePortsOf(spec);
  if (needsHealthCheck(spec) && (spec.healthCheckNodePort ?? 0) > 0)
    ports.add(spec.healthCheckNodePort as number);
  return { addresses: clusterIPsOf(spec), ports };
}

const missing = <Value>(from: ReadonlySet<Value>, values: ReadonlySet<Value>): Value[] =>
  [...values].filter((value) => !from.has(value));

/** `spec`: defaulted, prepared and validated by its kind. It is not changed; `old` is absent on create. */
export function planService(
  spec: ServiceSpec,
  old: ServiceSpec | undefined,
  options: PlanOptions,
): ServicePlan | Failure {
  const planned = structuredClone(spec);
  const errors = planFamilies(planned, { old, clusterFamilies: options.families });
  if (errors.length > 0) return refused(errors);
  const failure =
    planClusterIPs(planned, old, options) ??
    planNodePorts(planned, old, { ...options.nodePorts, random: options.random });
  if (failure !== undefined) return failure;
  const before = holdingsOf(old);
  const after = holdingsOf(planned);
  return {
    type: 'planned',
    spec: planned,
    takeAddresses: missing(before.addresses, after.addresses),
    releaseAddresses: missing(after.addresses, before.addresses),
    takePorts: missing(before.ports, after.ports),
    releasePorts: missing(after.ports, before.ports),
  };
}
