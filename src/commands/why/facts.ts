/** Gathers from the API what `wherry why` judges by. */
import type { KindName, ObjectOf } from '../../client/kind-names.ts';
import type { Client, SelectOptions } from '../../client/typed-client.ts';
import type {
  CoreEvent,
  Deployment,
  EndpointSlice,
  LabelSelector,
  Node,
  Pod,
  PodTemplateSpec,
  Service,
} from '../../kinds/generated/types.ts';
import { selectorMatches } from '../../kinds/label-selector.ts';
import { StatusError } from '../../kinds/status.ts';
import { UserError } from '../../lib/errors.ts';
import { electNode } from '../../loadbalancer/elect.ts';
import { serviceNameLabel } from '../../service/endpoint-candidates.ts';
import type {
  Announcement,
  ExplainFacts,
  ExplainTarget,
  ObjectPlace,
  ServiceEvent,
  Workload,
} from '../../service/explain.ts';
import { similarNames } from '../../service/similar-names.ts';

export interface LookOptions {
  readonly target: ExplainTarget;
  /** `name` or `namespace/name` of a pod. */
  readonly from: string | undefined;
  readonly zone: string;
  readonly signal: AbortSignal;
}

async function listAll<Name extends KindName>(
  client: Client,
  name: Name,
  options: SelectOptions,
): Promise<ObjectOf<Name>[]> {
  const items: ObjectOf<Name>[] = [];
  for await (const page of client.of(name).pages(options)) items.push(...page.items);
  return items;
}

/** What only makes an answer better: whoever may not list it goes without. */
async function listIfAllowed<Name extends KindName>(
  client: Client,
  name: Name,
  options: SelectOptions,
): Promise<ObjectOf<Name>[]> {
  try {
    return await listAll(client, name, options);
  } catch (error) {
    if (error instanceof StatusError) return [];
    throw error;
  }
}

const isNotFound = (error: unknown): boolean => error instanceof StatusError && error.reason === 'NotFound';

async function getService(
  client: Client,
  place: ObjectPlace,
  signal: AbortSignal,
): Promise<Service | undefined> {
  try {
    return await client.of('Service').get(place, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

const placeOf = ({ metadata }: { metadata: { namespace?: string; name?: string } }): ObjectPlace => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name ?? '',
});

async function getFrom(client: Client, options: LookOptions): Promise<Pod | undefined> {
  const { from, target, signal } = options;
  if (from === undefined) return undefined;
  const [namespace, name] = from.includes('/')
    ? (from.split('/') as [string, string])
    : [target.namespace, from];
  try {
    return await client.of('Pod').get({ namespace, name }, { signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const pods = await listIfAllowed(client, 'Pod', { namespace, signal });
    const similar = similarNames(
      name,
      pods.map(({ metadata }) => metadata.name ?? ''),
    );
    const hint = similar.length === 0 ? '' : `; did you mean ${similar.join(', ')}?`;
    throw new UserError('NO_SUCH_POD', `--from: namespace ${namespace} has no pod ${name}${hint}`);
  }
}

interface Template {
  readonly metadata: { name?: string };
  readonly spec?: {
    replicas?: number;
    selector?: LabelSelector;
    template?: PodTemplateSpec;
    paused?: boolean;
  };
  readonly status?: Deployment['status'];
}

function workloadOf(kind: string, { metadata, spec, status }: Template): Workload {
  const failure = (status?.conditions ?? []).find(
    ({ type, status: holds }) => type === 'ReplicaFailure' && holds === 'True',
  );
  return {
    kind,
    name: metadata.name ?? '',
    labels: spec?.template?.metadata?.labels ?? {},
    ...(kind === 'DaemonSet' ? {} : { replicas: spec?.replicas ?? 1 }),
    isPaused: spec?.paused === true,
    ...(failure?.message === undefined ? {} : { problem: failure.message }),
  };
}

async function workloadsIn(client: Client, options: SelectOptions): Promise<Workload[]> {
  const kinds = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'] as const;
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      const objects: readonly Template[] = await listIfAllowed(client, kind, options);
      return objects.map((object) => workloadOf(kind, object));
    }),
  );
  return lists.flat();
}

const timeOf = ({ eventTime, lastTimestamp, firstTimestamp, metadata }: CoreEvent): string =>
  lastTimestamp ?? eventTime ?? firstTimestamp ?? metadata.creationTimestamp ?? '';

async function eventsOf(
  client: Client,
  { namespace, name }: ObjectPlace,
  signal: AbortSignal,
): Promise<ServiceEvent[]> {
  const fieldSelector = `involvedObject.kind=Service,involvedObject.name=${name}`;
  const events = await listIfAllowed(client, 'Event', { namespace, fieldSelector, signal });
  return events
    .sort((one, other) => (timeOf(one) < timeOf(other) ? -1 : 1))
    .map(({ type = '', reason = '', message = '' }) => ({ type, reason, message }));
}

const addressesOf = ({ status }: Node): string[] =>
  (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address);

/** Every node has an address, and all of them are this machine's. */
const isLoopbackCluster = (nodes: readonly Node[]): boolean =>
  nodes.length > 0 &&
  nodes.every((node) => {
    const addresses = addressesOf(node);
    return addresses.length > 0 && addresses.every((address) => address.startsWith('127.'));
  });

const isReady = ({ status }: Node): boolean =>
  status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') === true;

/** Where things can be tried: on the client's node, else on nodes that are ready, by name. */
export function clientNodes(facts: Pick<ExplainFacts, 'nodes' | 'from'>): string[] {
  const own = facts.from?.spec?.nodeName;
  if (facts.from !== undefined) return own === undefined ? [] : [own];
  const ready = facts.nodes.filter(isReady);
  return (ready.length > 0 ? ready : facts.nodes).map(({ metadata }) => metadata.name ?? '').sort();
}

const nothing = {
  slices: [],
  pods: [],
  podsElsewhere: [],
  workloads: [],
  networkPolicies: [],
  events: [],
  dnsServer: undefined,
} as const;

/** As the agents come to it, each for itself. Undefined where this may not be asked, or there is nothing to announce. */
async function announcementOf(
  client: Client,
  { service, slices, nodes }: { service: Service; slices: readonly EndpointSlice[]; nodes: readonly Node[] },
  options: SelectOptions,
): Promise<Announcement | undefined> {
  if (service.spec?.type !== 'LoadBalancer') return undefined;
  try {
    const [pools, advertisements] = await Promise.all([
      listAll(client, 'IPAddressPool', options),
      listAll(client, 'L2Advertisement', options),
    ]);
    const election = electNode(service, { nodes, slicesOf: () => slices, pools, advertisements });
    if (election.announce) return { node: election.node };
    const { reason } = election;
    return reason === 'NotLoadBalancer' || reason === 'NoAddress' ? undefined : { nobody: reason };
  } catch (error) {
    if (error instanceof StatusError) return undefined;
    throw error;
  }
}

/** Throws StatusError, TransportError, and UserError NO_SUCH_POD. */
export async function gatherFacts(client: Client, options: LookOptions): Promise<ExplainFacts> {
  const { target, zone, signal } = options;
  const { namespace } = target;
  const [service, nodes, from] = await Promise.all([
    getService(client, target, signal),
    listAll(client, 'Node', { signal }),
    getFrom(client, options),
  ]);
  const common = { target, zone, nodes, isLoopback: isLoopbackCluster(nodes), ...(from && { from }) };
  const [clientNode] = clientNodes({ nodes, ...(from && { from }) });
  if (service === undefined)
    return { ...common, ...nothing, service, clientNode, known: await knownNames(client, signal) };
  const here = { namespace, signal };
  const labelSelector = `${serviceNameLabel}=${target.name}`;
  const [slices, pods, workloads, networkPolicies, events, dnsService] = await Promise.all([
    listAll(client, 'EndpointSlice', { ...here, labelSelector }),
    listAll(client, 'Pod', here),
    workloadsIn(client, here),
    listIfAllowed(client, 'NetworkPolicy', here),
    eventsOf(client, target, signal),
    getService(client, { namespace: 'kube-system', name: 'kube-dns' }, signal),
  ]);
  // Nobody announces addresses of this machine.
  const announcement = common.isLoopback
    ? undefined
    : await announcementOf(client, { service, slices, nodes }, { signal });
  return {
    ...common,
    ...(announcement && { announcement }),
    service,
    clientNode,
    known: { namespaces: [], services: [] },
    ...{ slices, pods, workloads, networkPolicies, events },
    podsElsewhere: await podsElsewhere(client, { service, pods, signal }),
    dnsServer: dnsService?.spec?.clusterIP,
  };
}

async function knownNames(client: Client, signal: AbortSignal): Promise<ExplainFacts['known']> {
  const [namespaces, services] = await Promise.all([
    listIfAllowed(client, 'Namespace', { signal }),
    listIfAllowed(client, 'Service', { signal }),
  ]);
  return {
    namespaces: namespaces.map(({ metadata }) => metadata.name ?? ''),
    services: services.map(placeOf),
  };
}

/** Only asked where nothing in the Service's own namespace matches. */
async function podsElsewhere(
  client: Client,
  { service, pods, signal }: { service: Service; pods: readonly Pod[]; signal: AbortSignal },
): Promise<ObjectPlace[]> {
  const matchLabels = service.spec?.selector ?? {};
  if (Object.keys(matchLabels).length === 0) return [];
  if (pods.some(({ metadata }) => selectorMatches({ matchLabels }, metadata.labels))) return [];
  return (await listIfAllowed(client, 'Pod', { labelSelector: { matchLabels }, signal })).map(placeOf);
}
