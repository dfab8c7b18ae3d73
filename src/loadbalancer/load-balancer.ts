/**
 * Gives Services of type LoadBalancer their addresses, and nobody else's. All of them are looked at together, under one
 * key, so that what was given out is seen before the next is chosen.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Change, event, referenceTo, updateStatus } from '../client/change.ts';
import { type Controller, defineController } from '../client/controller.ts';
import { keyOf as keyOfObject } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type { ConfigMap, LoadBalancerIngress, Service } from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';
import { type Assignment, allocate, shown } from './allocate.ts';
import { configurationKey, readConfiguration } from './configuration.ts';
import { addressesInUse, poolStatus, sameStatus } from './pool-status.ts';
import type { Pool } from './pools.ts';
import { allocatedFromAnnotation, keyOf } from './wish.ts';

export const loadBalancerName = 'load-balancer';

const key = 'addresses';

const balancedIndex = 'balanced';
const balancedValue = 'yes';

/** Those that want an address, and those that have one, or the trace of one, and should not. */
const isConcerned = ({ metadata, spec, status }: Service): boolean =>
  spec?.type === 'LoadBalancer' ||
  (status?.loadBalancer?.ingress ?? []).length > 0 ||
  getOwn(metadata.annotations, allocatedFromAnnotation) !== undefined;

const balanced = (service: Service): string[] => (isConcerned(service) ? [balancedValue] : []);

const ingressOf = (assignment: Assignment): LoadBalancerIngress[] =>
  assignment.type === 'assigned' ? assignment.ips.map((ip) => ({ ip, ipMode: 'VIP' })) : [];

const quoted = (service: Service): string => JSON.stringify(keyOf(service));

type Text = [type: 'Normal' | 'Warning', reason: string, message: string];

function textsOf(service: Service, assignment: Assignment): Text[] {
  const texts: Text[] = [];
  if (assignment.lost !== undefined)
    texts.push([
      'Normal',
      'ClearAssignment',
      `current IP for ${quoted(service)} not allowed by config, will attempt for new IP assignment: ${assignment.lost}`,
    ]);
  if (assignment.type === 'none') return texts;
  if (assignment.type === 'failed') {
    const why = `Failed to allocate IP for ${quoted(service)}: ${assignment.why}`;
    return [...texts, ['Warning', 'AllocationFailed', why]];
  }
  if (assignment.isNew) texts.push(['Normal', 'IPAllocated', `Assigned IP ${shown(assignment.ips)}`]);
  if (assignment.added !== undefined)
    texts.push(['Normal', 'IPAllocated', `Assigned additional IP "${assignment.added}"`]);
  if (assignment.problem !== undefined)
    texts.push([
      'Warning',
      'LoadBalancerFailed',
      `invalid requested loadbalancer IPs: ${assignment.problem}`,
    ]);
  return texts;
}

/** The Service with its addresses and where they are from; the same object when nothing changes. */
function withAddresses(service: Service, assignment: Assignment): Service {
  const ingress = ingressOf(assignment);
  const pool = assignment.type === 'assigned' ? assignment.pool : undefined;
  const isSame =
    isDeepStrictEqual(ingress, service.status?.loadBalancer?.ingress ?? []) &&
    getOwn(service.metadata.annotations, allocatedFromAnnotation) === pool;
  if (isSame) return service;
  const changed = structuredClone(service);
  const { [allocatedFromAnnotation]: _, ...annotations } = changed.metadata.annotations ?? {};
  if (pool !== undefined) annotations[allocatedFromAnnotation] = pool;
  changed.metadata.annotations = annotations;
  changed.status = { ...changed.status, loadBalancer: ingress.length === 0 ? {} : { ingress } };
  return changed;
}

/** What stands in the way was told when it came up, and is not told again with each change of another Service. */
class Told {
  readonly #failures = new Map<string, string>();

  /** Whether it is news. */
  isNew(of: string, failure: string): boolean {
    if (this.#failures.get(of) === failure) return false;
    this.#failures.set(of, failure);
    return true;
  }

  /** All is well with it again, or it is gone. */
  forget(except: ReadonlySet<string>): void {
    for (const of of this.#failures.keys()) if (!except.has(of)) this.#failures.delete(of);
  }
}

function changesOf(service: Service, assignment: Assignment, told: Told): Change[] {
  // Another implementation's, by class: it is not touched.
  if ((service.spec?.loadBalancerClass ?? '') !== '') return [];
  const changed = withAddresses(service, assignment);
  const texts = textsOf(service, assignment).filter(
    ([type, , message]) => type === 'Normal' || told.isNew(keyOf(service), message),
  );
  return [
    ...(changed === service ? [] : [updateStatus('Service', changed)]),
    ...texts.map(([type, reason, message]) => event('Service', service, { type, reason, message })),
  ];
}

const hasFailed = (assignment: Assignment): boolean =>
  assignment.type === 'failed' || (assignment.type === 'assigned' && assignment.problem !== undefined);

function statusChanges(view: View, pools: readonly Pool[], assignments: Iterable<Assignment>): Change[] {
  const inUse = addressesInUse(assignments);
  return pools.flatMap((pool) => {
    const object = view.get('IPAddressPool', `metallb-system/${pool.name}`);
    if (pool.fromConfigMap || object === undefined) return [];
    const status = poolStatus(pool, inUse.get(pool.name) ?? new Set());
    return sameStatus(object, status)
      ? []
      : [updateStatus('IPAddressPool', { ...structuredClone(object), status })];
  });
}

const problemKey = 'configuration';

function tellProblem(view: View, { of, message }: { of: string; message: string }, told: Told): Change[] {
  const configMap = view.get('ConfigMap', configurationKey);
  const pool = view.list('IPAddressPool')[0];
  const regarding =
    of === 'ConfigMap'
      ? configMap && referenceTo('ConfigMap', configMap)
      : pool && referenceTo('IPAddressPool', pool);
  if (regarding === undefined || !told.isNew(problemKey, message)) return [];
  return [{ type: 'event', event: { regarding, type: 'Warning', reason: 'InvalidConfiguration', message } }];
}

/** With no pool at all no failure is told, as MetalLB: another balancer may be on its way. But a loss is. */
const quiet = (assignments: Map<string, Assignment>): Map<string, Assignment> =>
  new Map(
    [...assignments].map(([of, each]) => [
      of,
      each.type === 'failed' ? { ...(each.lost && { lost: each.lost }), type: 'none' } : each,
    ]),
  );

export function loadBalancer(): Controller {
  const told = new Told();
  return defineController({
    name: loadBalancerName,
    watches: {
      Service: (service) => (balanced(service).length > 0 ? [key] : []),
      ConfigMap: (configMap: ConfigMap) => (keyOfObject(configMap) === configurationKey ? [key] : []),
      IPAddressPool: () => [key],
      // Pools may be for namespaces with certain labels.
      Namespace: () => [key],
    },
    indexes: { Service: { [balancedIndex]: balanced } },
    reconcile(_key, view) {
      // The last plan may have ended before what it had to tell.
      if (view.failure !== undefined) told.forget(new Set());
      const configMap = view.get('ConfigMap', configurationKey);
      const { pools, problem } = readConfiguration(configMap, view.list('IPAddressPool'));
      // A configuration that cannot be read takes nothing away from anybody.
      if (problem !== undefined) return tellProblem(view, problem, told);
      const services = view.byIndex('Service', balancedIndex, balancedValue);
      const labels = (namespace: string) => view.get('Namespace', namespace)?.metadata.labels ?? {};
      const all = allocate(services, pools, labels);
      const assignments = pools.length === 0 ? quiet(all) : all;
      told.forget(new Set([...assignments].flatMap(([of, each]) => (hasFailed(each) ? [of] : []))));
      return [
        ...services.flatMap((service) => changesOf(service, assignments.get(keyOf(service))!, told)),
        ...statusChanges(view, pools, assignments.values()),
      ];
    },
  });
}
