/**
 * Gives Services their addresses and node ports, in the Service's own transaction: one IPAddress object for each
 * ClusterIP, one key for each node port, each expected not to exist. So no two Services ever have the same, whatever
 * number of API servers write, and a Service never exists without what it holds.
 * Source: KEP-1880 (IPAddress objects), KEP-3070, KEP-3668; CVE-2020-8554 (external IPs).
 */
import { endpoints } from '../../kinds/endpoints.ts';
import type { IPAddress, Service } from '../../kinds/generated/types.ts';
import { ipAddress } from '../../kinds/ip-address.ts';
import type { AnyObject, KubeObject } from '../../kinds/object.ts';
import { specOf } from '../../kinds/service-rules/service-type.ts';
import { forbiddenError, internalError, invalidError, type StatusError } from '../../kinds/status.ts';
import type { Cidr } from '../../lib/cidr.ts';
import type { Clock } from '../../lib/clock.ts';
import { parseAddress } from '../../lib/ip.ts';
import type { Random } from '../../lib/random.ts';
import { timestamp } from '../../lib/timestamp.ts';
import type { Failure } from '../../service/plan-failure.ts';
import { holdingsOf, planService } from '../../service/plan-service.ts';
import type { PortRange } from '../../service/port-allocator.ts';
import type { Operation } from '../../store/store.ts';
import { encodeStored } from '../codec.ts';
import { allocationsPrefix, objectKey } from '../keys.ts';
import type { Hook, ObjectView, Write } from './hook.ts';
import { ServiceIndex } from './service-index.ts';

const services = { group: '', plural: 'services' };
const ipAddresses = { group: 'networking.k8s.io', plural: 'ipaddresses' };
const ipFamilyLabel = 'ipaddress.kubernetes.io/ip-family';
const managedByLabel = 'ipaddress.kubernetes.io/managed-by';
const ipAllocatorName = 'ipallocator.k8s.io';

export interface ServiceHookOptions {
  /** One range, or one of each family, from service-options.ts. */
  readonly serviceCIDRs: readonly Cidr[];
  readonly nodePortRange: PortRange;
  readonly random: Random;
  readonly clock: Clock;
  /** Lets Services name external IPs, with which they can take any address's traffic (CVE-2020-8554). */
  readonly allowExternalIPs?: boolean;
}

/** `/allocations/node-ports/30080` */
const nodePortKey = (port: number): string => `${allocationsPrefix}node-ports/${port}`;

function failureError(service: Service, failure: Failure): StatusError {
  return failure.type === 'refused'
    ? invalidError({ group: '', kind: 'Service' }, service.metadata.name ?? '', failure.errors)
    : internalError(failure.message);
}

/** What is there already may stay; nothing may be added. */
function refuseExternalIPs(service: Service, old: Service | undefined): void {
  const before = new Set(old && specOf(old).externalIPs);
  if ((specOf(service).externalIPs ?? []).every((ip) => before.has(ip))) return;
  throw forbiddenError(
    services,
    service.metadata.name ?? '',
    'Use of external IPs is denied by admission control.',
  );
}

class ServicePlanner {
  readonly #options: ServiceHookOptions;
  readonly #index: ServiceIndex;
  /** What a write asked for before anything was filled in, should it be planned again on the same object. */
  readonly #asked = new WeakMap<KubeObject, Service['spec']>();
  #view: ObjectView | undefined;

  constructor(options: ServiceHookOptions) {
    this.#options = options;
    this.#index = new ServiceIndex(options.serviceCIDRs, options.clock);
  }

  start(view: ObjectView): void {
    this.#view = view;
    this.#index.start(view);
  }

  plan(write: Write): Operation[] {
    const service = write.object as Service;
    if (write.verb === 'delete') return write.dryRun ? [] : this.#planDelete(service);
    const old = write.old as Service | undefined;
    if (this.#options.allowExternalIPs !== true) refuseExternalIPs(service, old);
    const asked = this.#asked.get(service) ?? service.spec ?? {};
    const result = planService(asked, old?.spec, {
      families: this.#index.families,
      addresses: this.#index.addresses,
      nodePorts: {
        range: this.#options.nodePortRange,
        isTaken: (port) => this.#index.isPortTaken(port),
        isPending: (port) => this.#index.pendingPorts.has(port),
      },
      random: this.#options.random,
      dryRun: write.dryRun,
    });
    if (result.type !== 'planned') throw failureError(service, result);
    this.#asked.set(service, asked);
    service.spec = result.spec;
    if (write.dryRun) return [];
    for (const address of result.takeAddresses) this.#index.expectAddress(address);
    for (const port of result.takePorts) this.#index.pendingPorts.add(port);
    return [
      ...result.takeAddresses.map((address) => this.#takeAddress(address, service)),
      ...result.releaseAddresses.flatMap((address) => this.#releaseAddress(address, service)),
      ...result.takePorts.map((port) => this.#takePort(port, service)),
      ...result.releasePorts.map((port) => ({ type: 'delete' as const, key: nodePortKey(port) })),
    ];
  }

  #planDelete(service: Service): Operation[] {
    const { addresses, ports } = holdingsOf(service.spec);
    return [
      ...[...addresses].flatMap((address) => this.#releaseAddress(address, service)),
      ...[...ports].map((port) => ({ type: 'delete' as const, key: nodePortKey(port) })),
      ...this.#deleteEndpoints(service),
    ];
  }

  #takeAddress(name: string, service: Service): Operation {
    const { random, clock } = this.#options;
    const object: IPAddress = {
      metadata: {
        name,
        uid: random.uuid(),
        creationTimestamp: timestamp(clock.now()),
        labels: {
          [ipFamilyLabel]: parseAddress(name)?.family ?? '',
          [managedByLabel]: ipAllocatorName,
        },
      },
      spec: {
        // The core group is the empty one, which is left out.
        parentRef: {
          resource: 'services',
          namespace: service.metadata.namespace ?? '',
          name: service.metadata.name ?? '',
        },
      },
    };
    const value = encodeStored(ipAddress, object as unknown as AnyObject);
    return { type: 'put', key: objectKey(ipAddress, '', name), value, expect: 0 };
  }

  /**
   * Somebody may have deleted the object, and somebody else made another of the same address: that one stays. One that
   * the view does not show is another server's of this moment, or none.
   */
  #releaseAddress(name: string, service: Service): Operation[] {
    const key = objectKey(ipAddress, '', name);
    const object = this.#view?.get(ipAddresses, '', name) as IPAddress | undefined;
    if (object === undefined) return [{ type: 'delete', key }];
    const { resource, group = '', namespace, name: parent } = object.spec.parentRef;
    const { metadata } = service;
    const isOwn =
      resource === 'services' && group === '' && namespace === metadata.namespace && parent === metadata.name;
    if (!isOwn) return [];
    const revision = Number(object.metadata.resourceVersion);
    return [{ type: 'delete', key, ...(revision > 0 ? { expect: revision } : {}) }];
  }

  #takePort(port: number, { metadata }: Service): Operation {
    const owner = { namespace: metadata.namespace, name: metadata.name, uid: metadata.uid };
    return { type: 'put', key: nodePortKey(port), value: Buffer.from(JSON.stringify(owner)), expect: 0 };
  }

  /** A Service of the same name made next must not begin with the endpoints of this one. */
  #deleteEndpoints({ metadata: { namespace = '', name = '' } }: Service): Operation[] {
    const object = this.#view?.get({ group: '', plural: 'endpoints' }, namespace, name);
    if (object === undefined || (object.metadata.finalizers ?? []).length > 0) return [];
    return [{ type: 'delete', key: objectKey(endpoints, namespace, name) }];
  }
}

/** The hook of Services. */
export function serviceHook(options: ServiceHookOptions): Hook {
  const planner = new ServicePlanner(options);
  return {
    resources: [services],
    start: (view) => planner.start(view),
    plan: (write) => planner.plan(write),
  };
}
