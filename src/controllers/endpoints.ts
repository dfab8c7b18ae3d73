/**
 * Endpoints of Services with a selector, which EndpointSlices have replaced but which many still read.
 * Source of behaviour: pkg/controller/endpoint of Kubernetes.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Change, create, type EventText, referenceTo, remove, update } from '../client/change.ts';
import { type Controller, defineController, self } from '../client/controller.ts';
import { keyOf } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import { repackSubsets } from '../kinds/endpoint-rules/repack.ts';
import type {
  CoreEndpointPort,
  EndpointAddress,
  EndpointSubset,
  Endpoints,
  Pod,
  Service,
  ServicePort,
} from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';
import {
  endpointHostname,
  findPort,
  hasClusterIP,
  headlessLabel,
  mayBeEndpoint,
  podAddresses,
  podsOf,
  selectorOf,
  servicesSelecting,
} from './endpoint-pods.ts';
import { overCapacityAnnotation, truncateSubsets } from './endpoints-capacity.ts';
import { isReady } from './pods.ts';
import { sameMap } from './slice-changes.ts';
import { triggerTime, withTriggerTime } from './trigger-time.ts';

const managedByLabel = 'endpoints.kubernetes.io/managed-by';
const controllerName = 'endpoint-controller';

/** Of the Service's first family; undefined when the pod has no such address. */
function addressOf(pod: Pod, service: Service): EndpointAddress | undefined {
  const family = service.spec?.ipFamilies?.[0] as 'IPv4' | 'IPv6' | undefined;
  const [ip] = podAddresses(pod, family);
  if (ip === undefined) return undefined;
  const { namespace, name, uid } = pod.metadata;
  const hostname = endpointHostname(pod, service);
  const nodeName = pod.spec?.nodeName || undefined;
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}

function portOf(pod: Pod, servicePort: ServicePort): CoreEndpointPort[] {
  const port = findPort(pod, servicePort);
  if (port === undefined) return [];
  const { name = '', protocol = 'TCP', appProtocol } = servicePort;
  return [
    {
      ...(name === '' ? {} : { name }),
      port,
      protocol,
      ...(appProtocol === undefined ? {} : { appProtocol }),
    },
  ];
}

function subsetsOf(pod: Pod, service: Service): EndpointSubset[] {
  const publishesAll = service.spec?.publishNotReadyAddresses === true;
  const isGoing = pod.metadata.deletionTimestamp !== undefined;
  const address = mayBeEndpoint(pod) && (!isGoing || publishesAll) ? addressOf(pod, service) : undefined;
  if (address === undefined) return [];
  const list = publishesAll || isReady(pod) ? 'addresses' : 'notReadyAddresses';
  const ports = service.spec?.ports ?? [];
  // A headless Service may be without ports; any other has at least one.
  if (ports.length === 0) return hasClusterIP(service) ? [] : [{ [list]: [address] }];
  return ports.flatMap((servicePort) =>
    portOf(pod, servicePort).map((port) => ({ [list]: [address], ports: [port] })),
  );
}

/** What is said of each pod, to see whose changes. */
function saidOfPods(subsets: readonly EndpointSubset[]): Map<string, string> {
  const said = new Map<string, string>();
  for (const { addresses, notReadyAddresses, ports } of subsets)
    for (const [isReadyHere, list] of [
      [true, addresses],
      [false, notReadyAddresses],
    ] as const)
      for (const address of list ?? []) {
        const uid = address.targetRef?.uid ?? '';
        said.set(uid, `${said.get(uid) ?? ''}${JSON.stringify([isReadyHere, address, ports])}`);
      }
  return said;
}

function labelsOf(service: Service): Record<string, string> {
  const { [headlessLabel]: _headless, ...labels } = service.metadata.labels ?? {};
  return {
    ...labels,
    ...(hasClusterIP(service) ? {} : { [headlessLabel]: '' }),
    [managedByLabel]: controllerName,
  };
}

const failure = (endpoints: Endpoints, reason: string, message: string): { onFailure: EventText } => ({
  onFailure: { regarding: referenceTo('Endpoints', endpoints), type: 'Warning', reason, message },
});

function write(service: Service, found: Endpoints | undefined, wanted: Endpoints): Change[] {
  const key = keyOf(service);
  if (found === undefined)
    return service.metadata.deletionTimestamp === undefined
      ? [
          create(
            'Endpoints',
            wanted,
            failure(
              wanted,
              'FailedToCreateEndpoint',
              `Failed to create endpoint for service ${key}: {error}`,
            ),
          ),
        ]
      : [];
  const message = `Failed to update endpoint ${key}: {error}`;
  return [update('Endpoints', wanted, failure(wanted, 'FailedToUpdateEndpoint', message))];
}

function reconcile(key: string, view: View): Change[] {
  const service = view.get('Service', key);
  const found = view.get('Endpoints', key);
  if (service === undefined) return found === undefined ? [] : [remove('Endpoints', found)];
  if (selectorOf(service) === undefined) return [];
  const pods = podsOf(service, view);
  const packed = repackSubsets(pods.flatMap((pod) => subsetsOf(pod, service)));
  const { subsets, isTruncated } = truncateSubsets(packed);
  const labels = labelsOf(service);
  const isMarked = getOwn(found?.metadata.annotations, overCapacityAnnotation) !== undefined;
  const isSame =
    found !== undefined &&
    isDeepStrictEqual(found.subsets ?? [], subsets) &&
    sameMap(found.metadata.labels, labels) &&
    isMarked === isTruncated;
  if (isSame) return [];
  const [before, after] = [saidOfPods(found?.subsets ?? []), saidOfPods(subsets)];
  const changed = pods.filter(({ metadata: { uid = '' } }) => after.get(uid) !== before.get(uid));
  const time = triggerTime(service, {
    changed: changed.filter(({ metadata: { uid = '' } }) => after.has(uid)),
    isFirst: found === undefined,
  });
  const { [overCapacityAnnotation]: _before, ...annotations } = withTriggerTime(
    found?.metadata.annotations,
    time,
  );
  const { namespace, name } = service.metadata;
  return write(service, found, {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      ...(found?.metadata ?? { namespace, name }),
      labels,
      annotations: isTruncated ? { ...annotations, [overCapacityAnnotation]: 'truncated' } : annotations,
    },
    subsets,
  });
}

/** Endpoints that somebody else writes are theirs; only when they go may a Service want them back. */
const ours = (endpoints: Endpoints): string[] =>
  getOwn(endpoints.metadata.labels, managedByLabel) === controllerName ? [keyOf(endpoints)] : [];

export const endpoints: Controller = defineController({
  name: 'endpoint',
  watches: {
    Service: self,
    Pod: servicesSelecting,
    Endpoints: (object, _view, { type }) => (type === 'delete' ? [keyOf(object)] : ours(object)),
  },
  reconcile,
});
