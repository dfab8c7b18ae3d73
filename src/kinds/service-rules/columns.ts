/** Printer columns of a Service. Source: pkg/printers/internalversion/printers.go. */
import { ageColumn, labelsCell, nameColumn, none, textColumn, unknown, wide } from '../columns.ts';
import type { Service, ServiceSpec } from '../generated/types.ts';
import type { Column } from '../kind.ts';
import { portsOf, specOf } from './service-type.ts';

/** Every address or name that a load balancer has, each once, in order. */
export function loadBalancerCell(
  ingresses: readonly { ip?: string; hostname?: string }[] | undefined,
): string {
  const names = (ingresses ?? []).map((ingress) => ingress.ip || ingress.hostname || '');
  return [...new Set(names.filter((name) => name !== ''))].sort().join(',');
}

function externalIPCell(service: Service): string {
  const spec = specOf(service);
  const externalIPs = spec.externalIPs ?? [];
  switch (spec.type) {
    case 'ClusterIP':
    case 'NodePort':
      return externalIPs.length > 0 ? externalIPs.join(',') : none;
    case 'LoadBalancer': {
      const balanced = loadBalancerCell(service.status?.loadBalancer?.ingress);
      return [balanced, ...externalIPs].filter((each) => each !== '').join(',') || '<pending>';
    }
    case 'ExternalName':
      return spec.externalName ?? '';
    default:
      return unknown;
  }
}

/** `80:30080/TCP,443/TCP` */
function portsCell(spec: ServiceSpec): string {
  const ports = portsOf(spec).map(({ port, nodePort, protocol }) =>
    (nodePort ?? 0) > 0 ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  );
  return ports.join(',') || none;
}

export const columns: Column<Service>[] = [
  nameColumn,
  textColumn('Type', (service) => specOf(service).type ?? ''),
  textColumn('Cluster-IP', (service) => specOf(service).clusterIPs?.[0] ?? none),
  textColumn('External-IP', externalIPCell),
  textColumn('Port(s)', (service) => portsCell(specOf(service))),
  ageColumn,
  wide(textColumn('Selector', (service) => labelsCell(specOf(service).selector))),
];
