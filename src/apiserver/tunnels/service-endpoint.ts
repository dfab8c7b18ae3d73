/** Where a request to services/proxy goes. Source: ResourceLocation in pkg/registry/core/service/storage/storage.go. */
import type { EndpointSlice, Pod, Service, ServicePort } from '../../kinds/generated/types.ts';
import { notFoundError, unavailableError } from '../../kinds/status.ts';
import { type Random, randomInteger } from '../../lib/random.ts';
import { candidatesOf, type ResolvedEndpoint, serviceKeyOf } from '../../service/endpoint-candidates.ts';
import { familiesOf } from '../../service/resolve.ts';
import type { ObjectView } from '../hooks/hook.ts';
import type { SchemeNamePort } from './scheme-name-port.ts';

export interface EndpointOptions {
  readonly view: ObjectView;
  readonly namespace: string;
  readonly random: Random;
  readonly allowLoopback: boolean;
}

const core = (plural: string) => ({ group: '', plural });
const quoted = (text: string): string => JSON.stringify(text);

/** One that is ready, at random. Throws 404 for a Service that is not there, and 503 for one with nothing behind it. */
export function endpointFor(
  asked: SchemeNamePort & { readonly id: string },
  options: EndpointOptions,
): ResolvedEndpoint {
  const { view, namespace, random } = options;
  const service = view.get(core('services'), namespace, asked.name) as unknown as Service | undefined;
  if (service === undefined) throw notFoundError(core('services'), asked.name);
  const port = portOf(service, asked);
  const slices = slicesOf(service, options);
  if (slices.every(({ endpoints }) => (endpoints ?? []).length === 0))
    throw unavailableError(`no endpoints available for service ${quoted(asked.name)}`, 0);
  const found = port === undefined ? [] : endpointsOf({ service, port, slices }, options);
  const endpoint = found[randomInteger(random, found.length)];
  if (endpoint === undefined)
    throw unavailableError(`no endpoints available for service ${quoted(asked.id)}`, 0);
  return endpoint;
}

/** By number or by name; without either, the port without a name. */
function portOf({ spec }: Service, { name, port }: SchemeNamePort): ServicePort | undefined {
  const ports = spec?.ports ?? [];
  if (!/^[+-]?\d+$/.test(port)) return ports.find((each) => (each.name ?? '') === port);
  const found = ports.find((each) => each.port === Number(port));
  if (found === undefined)
    throw unavailableError(`no service port ${Number(port)} found for service ${quoted(name)}`, 0);
  return found;
}

function slicesOf({ metadata }: Service, { view, namespace }: EndpointOptions): EndpointSlice[] {
  const key = `${namespace}/${metadata.name}`;
  const all = view.list({ group: 'discovery.k8s.io', plural: 'endpointslices' }, namespace);
  return (all as unknown as EndpointSlice[]).filter((slice) => serviceKeyOf(slice) === key);
}

/**
 * Only pods of the Service's own namespace that have the address count: whoever writes an EndpointSlice could else send
 * the API server anywhere (CVE-2020-8555, CVE-2021-25740).
 */
function endpointsOf(
  { service, port, slices }: { service: Service; port: ServicePort; slices: EndpointSlice[] },
  { view, namespace, allowLoopback }: EndpointOptions,
): ResolvedEndpoint[] {
  const isPod = ({ pod, address }: ResolvedEndpoint) => {
    const [podNamespace, name = ''] = pod.split('/');
    if (podNamespace !== namespace) return false;
    const found = view.get(core('pods'), namespace, name) as unknown as Pod | undefined;
    return (found?.status?.podIPs ?? []).some(({ ip }) => ip === address);
  };
  return familiesOf(service).flatMap((family) =>
    candidatesOf(port, { family, slices, node: { name: '' }, allowLoopback }).endpoints.filter(
      (endpoint) => endpoint.state === 'Ready' && isPod(endpoint),
    ),
  );
}
