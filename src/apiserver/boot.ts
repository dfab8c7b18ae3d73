/** The objects that every cluster has from its first moment, created where they are missing. */
import { isDeepStrictEqual } from 'node:util';
import type { Service } from '../kinds/generated/types.ts';
import type { AnyObject } from '../kinds/object.ts';
import type { Clock } from '../lib/clock.ts';
import { UserError, WherryError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { WatchCache } from './cache/watch-cache.ts';
import { objectKey } from './keys.ts';
import type { KindTable } from './kind-table.ts';
import type { Handler, UserInfo } from './request.ts';
import { parseRequest } from './request-info.ts';

export interface BootOptions {
  /** `['10.96.0.0/16']` or one of each family. */
  readonly serviceCIDRs: readonly string[];
  /** The first address of the first range: Service kubernetes. */
  readonly apiServiceIP: string;
  /** Where clients in the cluster reach this server; undefined: there is no such address, and no endpoints are written. */
  readonly advertise: { readonly address: string; readonly port: number } | undefined;
}

/** The server itself. */
export const apiServerUser: UserInfo = {
  name: 'system:apiserver',
  groups: ['system:masters', 'system:authenticated'],
};

const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

const namespace = (name: string): AnyObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

const priorityClass = (name: string, value: number, description: string): AnyObject => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name },
  value,
  description,
});

const kubernetesLabels = { component: 'apiserver', provider: 'kubernetes' };

function kubernetesService(options: BootOptions): Service & AnyObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kubernetes', namespace: 'default', labels: kubernetesLabels },
    spec: {
      type: 'ClusterIP',
      clusterIP: options.apiServiceIP,
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: options.advertise?.port ?? 6443 }],
      sessionAffinity: 'None',
    },
  };
}

function kubernetesEndpoints(at: { address: string; port: number }): AnyObject[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
      },
      subsets: [
        { addresses: [{ ip: at.address }], ports: [{ name: 'https', port: at.port, protocol: 'TCP' }] },
      ],
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { 'kubernetes.io/service-name': 'kubernetes' },
      },
      addressType: at.address.includes(':') ? 'IPv6' : 'IPv4',
      endpoints: [{ addresses: [at.address], conditions: { ready: true } }],
      ports: [{ name: 'https', port: at.port, protocol: 'TCP' }],
    },
  ];
}

interface BootObject {
  /** The collection's path. */
  readonly path: string;
  readonly object: AnyObject;
  /** Replaced at every start: it says where this server is. */
  readonly replace?: boolean;
  /** What of it is put right at every start, as a merge patch; undefined: nothing. The rest is its owner's. */
  readonly mend?: (present: AnyObject) => object | undefined;
}

/** Its port leads to this server's, and it has an address in the cluster only. Source: getMasterServiceUpdateIfNeeded. */
function serviceMend(wanted: Service): (present: AnyObject) => object | undefined {
  return (present) => {
    const { type, ports = [] } = (present as Service).spec ?? {};
    const expected = wanted.spec?.ports ?? [];
    const isRight =
      type === wanted.spec?.type &&
      isDeepStrictEqual(
        ports.map(({ name, port, protocol, targetPort }) => ({ name, port, protocol, targetPort })),
        expected,
      );
    return isRight ? undefined : { spec: { type: wanted.spec?.type, ports: expected } };
  };
}

function bootObjects(options: BootOptions): BootObject[] {
  const inDefault = '/namespaces/default';
  const service = kubernetesService(options);
  const objects: BootObject[] = [
    ...namespaces.map((name) => ({ path: '/api/v1/namespaces', object: namespace(name) })),
    {
      path: '/apis/networking.k8s.io/v1/servicecidrs',
      object: {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'ServiceCIDR',
        metadata: { name: 'kubernetes' },
        spec: { cidrs: [...options.serviceCIDRs] },
      },
    },
    { path: `/api/v1${inDefault}/services`, object: service, mend: serviceMend(service) },
    {
      path: '/apis/scheduling.k8s.io/v1/priorityclasses',
      object: priorityClass(
        'system-node-critical',
        2000001000,
        'Used for system critical pods that must not be moved from their current node.',
      ),
    },
    {
      path: '/apis/scheduling.k8s.io/v1/priorityclasses',
      object: priorityClass(
        'system-cluster-critical',
        2000000000,
        'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
      ),
    },
  ];
  if (options.advertise === undefined) return objects;
  const [endpoints, slice] = kubernetesEndpoints(options.advertise) as [AnyObject, AnyObject];
  return [
    ...objects,
    { path: `/api/v1${inDefault}/endpoints`, object: endpoints, replace: true },
    { path: `/apis/discovery.k8s.io/v1${inDefault}/endpointslices`, object: slice, replace: true },
  ];
}

async function send(
  handle: Handler,
  method: string,
  url: string,
  object?: object,
): Promise<{ status: number; text: string }> {
  const response = await handle({
    method,
    url,
    headers: {
      'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
      'user-agent': 'kube-apiserver/boot',
    },
    body: object === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(object)),
    user: apiServerUser,
    signal: new AbortController().signal,
  });
  const text = typeof response.body === 'function' ? '' : Buffer.concat(response.body).toString();
  return { status: response.status, text };
}

/** In place of what is there. An EndpointSlice cannot change its address family: it is made anew. */
async function put(handle: Handler, named: string, { path, object }: BootObject) {
  const answer = await send(handle, 'PUT', named, object);
  if (answer.status !== 422) return answer;
  await send(handle, 'DELETE', named);
  return send(handle, 'POST', path, object);
}

/** Creates it, or puts right what is there. */
async function bring(handle: Handler, named: string, wanted: BootObject) {
  const present = await send(handle, 'GET', named);
  if (present.status !== 200) return send(handle, 'POST', wanted.path, wanted.object);
  if (wanted.replace) return put(handle, named, wanted);
  const patch = wanted.mend?.(JSON.parse(present.text) as AnyObject);
  if (patch === undefined) return present;
  const mended = await send(handle, 'PATCH', named, patch);
  // One that somebody has made such that it cannot be put right keeps no server from starting.
  return mended.status === 422 ? present : mended;
}

const nameOf = ({ path, object }: BootObject): string => `${path}/${object.metadata.name}`;

/** How long one of them may be missing. Source: the interval of controlplane/controller/kubernetesservice. */
const restoreMilliseconds = 10_000;

/** Brings back what somebody deletes of them. Returns the function that ends it. */
export function keepClusterObjects(
  handle: Handler,
  options: BootOptions,
  server: { cache: WatchCache; kinds: KindTable; clock: Clock; log: Logger },
): () => void {
  const { cache, kinds, clock, log } = server;
  const keys = new Set(bootObjects(options).map((each) => storedKey(kinds, nameOf(each))));
  let cancel: (() => void) | undefined;
  const restoreLater = () => {
    cancel ??= clock.after(restoreMilliseconds, () => {
      cancel = undefined;
      bootCluster(handle, options).catch((error: Error) => {
        log.warn("the cluster's own objects could not be put back", { error: error.message });
        if (!ended) restoreLater();
      });
    });
  };
  let ended = false;
  const stopListening = cache.listen((_, events) => {
    if (events.some(({ deleted, object }) => deleted && keys.has(object.key))) restoreLater();
  });
  return () => {
    ended = true;
    stopListening();
    cancel?.();
  };
}

function storedKey(kinds: KindTable, url: string): string | undefined {
  const { group, version, resource, namespace, name } = parseRequest('GET', url);
  const kind = kinds.byResource(group, version, resource);
  return kind && objectKey(kinds.storedKindOf(kind), namespace, name);
}

/**
 * Idempotent: what is there stays, but for what says where this server is. Throws BOOT_FAILED; a UserError when the disk
 * is full.
 */
export async function bootCluster(handle: Handler, options: BootOptions): Promise<void> {
  for (const each of bootObjects(options)) {
    const named = nameOf(each);
    const { status, text } = await bring(handle, named, each);
    if (status === 507)
      throw new UserError(
        'BOOT_FAILED',
        `cannot write ${named} at start: no space is left on the disk that holds the data; free some and start again`,
      );
    // Another server on the same store may be booting too: 409 says that it was quicker.
    if (status >= 300 && status !== 409)
      throw new WherryError(
        'BOOT_FAILED',
        `creating ${named} at start failed with ${status}: ${text.slice(0, 500)}`,
      );
  }
}
