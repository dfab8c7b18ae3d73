/**
 * Gives Services of type LoadBalancer their addresses, and nobody else's. All of them are looked at together, under one
 * key, so that what was given out is seen before the next is chosen.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Change, event, referenceTo, updateStatus } from '../client/change.ts';
import { type Controller, defineController } from '../client/controller.ts';
import { keyOf } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type { ConfigMap, LoadBalancerIngress, Service } from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';
import { type Assignment, allocate } from './allocate.ts';
import { type Pool, PoolError, parseConfiguration } from './pools.ts';

const key = 'addresses';
const configurationKey = 'metallb-system/config';

const balancedIndex = 'balanced';
const balancedValue = 'yes';

/** Those that want an address, and those that have one and should not. */
const balanced = ({ spec, status }: Service): string[] =>
  spec?.type === 'LoadBalancer' || (status?.loadBalancer?.ingress ?? []).length > 0 ? [balancedValue] : [];

const ingressOf = (assignment: Assignment): LoadBalancerIngress[] =>
  assignment.type === 'assigned' ? assignment.ips.map((ip) => ({ ip, ipMode: 'VIP' })) : [];

function tell(service: Service, type: 'Normal' | 'Warning', [reason, message]: [string, string]): Change {
  return event('Service', service, { type, reason, message });
}

/** Another implementation's, by class: it is not touched. */
const isForeign = ({ spec }: Service): boolean => (spec?.loadBalancerClass ?? '') !== '';

function changesOf(service: Service, assignment: Assignment): Change[] {
  if (isForeign(service)) return [];
  const ingress = ingressOf(assignment);
  const before = service.status?.loadBalancer?.ingress ?? [];
  const changes: Change[] = [];
  if (assignment.type === 'failed')
    changes.push(
      tell(service, 'Warning', [
        'AllocationFailed',
        `Failed to allocate IP for ${JSON.stringify(keyOf(service))}: ${assignment.why}`,
      ]),
    );
  if (isDeepStrictEqual(ingress, before)) return changes;
  const status = { ...service.status, loadBalancer: ingress.length === 0 ? {} : { ingress } };
  changes.unshift(updateStatus('Service', { ...structuredClone(service), status }));
  if (assignment.type === 'assigned')
    changes.push(tell(service, 'Normal', ['IPAllocated', `Assigned IP ${JSON.stringify(assignment.ips)}`]));
  else if (before.length > 0)
    changes.push(
      tell(service, 'Normal', ['IPReleased', `Released IP ${JSON.stringify(before.map(({ ip }) => ip))}`]),
    );
  return changes;
}

/** The pools of the ConfigMap; where there is none, those of `up`. */
function poolsOf(view: View, defaults: readonly Pool[]): { pools: readonly Pool[]; problem?: Change } {
  const configMap = view.get('ConfigMap', configurationKey);
  const text = getOwn(configMap?.data, 'config');
  if (configMap === undefined || text === undefined) return { pools: defaults };
  try {
    return { pools: parseConfiguration(text) };
  } catch (error) {
    if (!(error instanceof PoolError)) throw error;
    const regarding = referenceTo('ConfigMap', configMap);
    const text = { type: 'Warning' as const, reason: 'InvalidConfiguration', message: error.message };
    return { pools: [], problem: { type: 'event', event: { regarding, ...text } } };
  }
}

/** `defaults`: where Services get addresses from while nothing is configured. */
export function loadBalancer(defaults: readonly Pool[]): Controller {
  return defineController({
    name: 'load-balancer',
    watches: {
      Service: (service) => (balanced(service).length > 0 ? [key] : []),
      ConfigMap: (configMap: ConfigMap) => (keyOf(configMap) === configurationKey ? [key] : []),
    },
    indexes: { Service: { [balancedIndex]: balanced } },
    reconcile(_key, view) {
      const { pools, problem } = poolsOf(view, defaults);
      // A configuration that cannot be read takes nothing away from anybody.
      if (problem !== undefined) return [problem];
      const services = view.byIndex('Service', balancedIndex, balancedValue);
      const assignments = allocate(services, pools);
      return services.flatMap((service) => changesOf(service, assignments.get(keyOf(service))!));
    },
  });
}
