/** What a Service takes from a quota. Source: pkg/quota/v1/evaluator/core/services.go of Kubernetes. */
import { quantityOf } from '../../lib/quantity.ts';
import type { Service } from '../generated/types.ts';
import { one, type Usage, zero } from './amounts.ts';

const serviceNames = new Set(['count/services', 'services', 'services.nodeports', 'services.loadbalancers']);

export const isServiceResource = (name: string): boolean => serviceNames.has(name);

/** Node ports are counted by what is asked for: they are not given out yet. */
function nodePortsOf({ spec }: Service): number {
  const ports = spec?.ports ?? [];
  if (spec?.type === 'NodePort') return ports.length;
  if (spec?.type !== 'LoadBalancer') return 0;
  if (spec.allocateLoadBalancerNodePorts !== false) return ports.length;
  return ports.filter(({ nodePort }) => (nodePort ?? 0) !== 0).length;
}

export function serviceUsage(service: Service): Usage {
  return new Map([
    ['count/services', one],
    ['services', one],
    ['services.nodeports', quantityOf(nodePortsOf(service))],
    ['services.loadbalancers', service.spec?.type === 'LoadBalancer' ? one : zero],
  ]);
}
