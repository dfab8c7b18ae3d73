/** What pods are told of Services in their environment. Source: kubelet/envvars/envvars.go. */
import type { Service } from '../../kinds/generated/types.ts';
import type { EnvEntry } from './env-entry.ts';

/** `my-svc` -> `MY_SVC` */
const variableName = (name: string): string => name.replaceAll('-', '_').toUpperCase();

const joinHostPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

function entriesOf(service: Service): EnvEntry[] {
  const prefix = variableName(service.metadata.name ?? '');
  const { clusterIP = '', ports = [] } = service.spec ?? {};
  const named = ports.filter(({ name }) => name !== undefined && name !== '');
  const links = ports.flatMap(({ port, protocol = 'TCP' }, index) => {
    const url = `${protocol.toLowerCase()}://${joinHostPort(clusterIP, port)}`;
    const portPrefix = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
    return [
      ...(index === 0 ? [{ key: `${prefix}_PORT`, value: url }] : []),
      { key: portPrefix, value: url },
      { key: `${portPrefix}_PROTO`, value: protocol.toLowerCase() },
      { key: `${portPrefix}_PORT`, value: String(port) },
      { key: `${portPrefix}_ADDR`, value: clusterIP },
    ];
  });
  return [
    { key: `${prefix}_SERVICE_HOST`, value: clusterIP },
    { key: `${prefix}_SERVICE_PORT`, value: String(ports[0]?.port ?? '') },
    ...named.map(({ name = '', port }) => ({
      key: `${prefix}_SERVICE_PORT_${variableName(name)}`,
      value: String(port),
    })),
    ...links,
  ];
}

/**
 * Of the Services that are there now: those of the pod's namespace, and `kubernetes` of `default` always.
 * A Service of that name in the pod's own namespace wins.
 */
export function serviceEnv(
  services: readonly Service[],
  pod: { namespace: string; enableServiceLinks: boolean },
): EnvEntry[] {
  const chosen = new Map<string, Service>();
  for (const service of services) {
    const { name = '', namespace } = service.metadata;
    const { clusterIP = '' } = service.spec ?? {};
    if (clusterIP === '' || clusterIP === 'None') continue;
    if (namespace === pod.namespace && pod.enableServiceLinks) chosen.set(name, service);
    else if (namespace === 'default' && name === 'kubernetes' && !chosen.has(name)) chosen.set(name, service);
  }
  const inOrder = [...chosen.entries()].sort(([left], [right]) => (left < right ? -1 : 1));
  return inOrder.flatMap(([, service]) => entriesOf(service));
}
