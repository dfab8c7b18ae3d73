/** What the tests of the Service hook share: API servers on one store, and short words for what they are asked. */
import assert from 'node:assert/strict';
import { endpoints } from '../../kinds/endpoints.ts';
import type { Service, ServiceSpec } from '../../kinds/generated/types.ts';
import { ipAddress } from '../../kinds/ip-address.ts';
import { service } from '../../kinds/service.ts';
import { serviceCIDR } from '../../kinds/service-cidr.ts';
import type { StatusError } from '../../kinds/status.ts';
import { createManualClock } from '../../lib/manual-clock.ts';
import { seededRandom } from '../../lib/random.ts';
import { allocationsPrefix, kindPrefix } from '../keys.ts';
import { FakeCluster } from './fake-cluster.ts';
import type { Hook } from './hook.ts';
import { serviceHook } from './service.ts';
import { parseNodePortRange, parseServiceCIDRs } from './service-options.ts';

export const selector = { app: 'web' };
export const portsPrefix = `${allocationsPrefix}node-ports/`;

export interface SetUp {
  cidrs?: string[];
  nodePorts?: string;
  seed?: number;
  allowExternalIPs?: boolean;
}

export class Bench {
  readonly clock = createManualClock(Date.parse('2026-11-21T10:00:00.123Z'));
  readonly cluster = new FakeCluster([service, ipAddress, serviceCIDR, endpoints]);
  readonly #setUp: SetUp;
  hook: Hook;

  constructor(setUp: SetUp = {}) {
    this.#setUp = setUp;
    this.hook = this.server();
  }

  /** One more API server on the same store. */
  server(seed = this.#setUp.seed ?? 1): Hook {
    const hook = serviceHook({
      serviceCIDRs: parseServiceCIDRs(this.#setUp.cidrs ?? ['10.96.0.0/16']),
      nodePortRange: parseNodePortRange(this.#setUp.nodePorts ?? '30000-32767'),
      random: seededRandom(seed),
      clock: this.clock,
      allowExternalIPs: this.#setUp.allowExternalIPs,
    });
    hook.start?.(this.cluster.view);
    return hook;
  }

  #object(name: string, spec: ServiceSpec): Service {
    return { metadata: { name, namespace: 'default' }, spec };
  }

  create(name: string, spec: ServiceSpec = {}, options: { dryRun?: boolean; hook?: Hook } = {}): ServiceSpec {
    const object = this.#object(name, { selector, ports: [{ port: 80 }], ...spec });
    return this.cluster.write('create', object, { kind: service, hook: this.hook, ...options }).spec ?? {};
  }

  update(name: string, spec: ServiceSpec, options: { dryRun?: boolean } = {}): ServiceSpec {
    const object = this.#object(name, spec);
    return this.cluster.write('update', object, { kind: service, hook: this.hook, ...options }).spec ?? {};
  }

  delete(name: string, options: { dryRun?: boolean } = {}): void {
    this.cluster.write('delete', this.#object(name, {}), { kind: service, hook: this.hook, ...options });
  }

  addresses(): string[] {
    return this.cluster.keys(kindPrefix(ipAddress));
  }

  ports(): string[] {
    return this.cluster.keys(portsPrefix);
  }

  names(): string[] {
    return this.cluster.keys(kindPrefix(service));
  }
}

export const refusal =
  (httpCode: number, message: string) =>
  (error: unknown): boolean => {
    assert.equal((error as StatusError).message, message);
    assert.equal((error as StatusError).httpCode, httpCode);
    return true;
  };
