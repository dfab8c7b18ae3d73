/** What a Service needs, by its type and policies. Source: pkg/api/service/util.go, pkg/registry/core/service/storage. */
import type { Service, ServicePort, ServiceSpec } from '../generated/types.ts';

export const headlessIP = 'None';

export const supportedProtocols = ['SCTP', 'TCP', 'UDP'] as const;

const empty: ServiceSpec = {};

/** The spec of a Service; what has none has nothing set. */
export const specOf = (service: Service): ServiceSpec => service.spec ?? empty;

export const portsOf = (spec: ServiceSpec): readonly ServicePort[] => spec.ports ?? [];

export const needsClusterIP = (spec: ServiceSpec): boolean => spec.type !== 'ExternalName';

export const needsNodePort = (spec: ServiceSpec): boolean =>
  spec.type === 'NodePort' || spec.type === 'LoadBalancer';

export const needsHealthCheck = (spec: ServiceSpec): boolean =>
  spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

export const isExternallyAccessible = (spec: ServiceSpec): boolean =>
  needsNodePort(spec) || (spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0);

/** `clusterIP: None`: no address of its own, DNS answers with its endpoints. */
export const isHeadless = (spec: ServiceSpec): boolean =>
  spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === headlessIP;

export function sameStrings(
  left: readonly string[] | undefined,
  right: readonly string[] | undefined,
): boolean {
  const [one, other] = [left ?? [], right ?? []];
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
