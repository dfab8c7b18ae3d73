/**
 * A pool for a cluster that has none, so that a Service of type LoadBalancer is not left waiting for an address: as an
 * object, so that people see it and can change it. Made once at each start, when nothing says where addresses come from.
 */
import type { Client } from '../client/typed-client.ts';
import { metallbNamespace } from '../kinds/metallb/check.ts';
import { getOwn } from '../kinds/object.ts';
import { StatusError } from '../kinds/status.ts';
import { type Clock, sleep } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { defaultPoolRetryMilliseconds } from './limits.ts';

const defaultPoolName = 'default';

export interface DefaultPoolOptions {
  readonly client: Client;
  /** `172.30.0.200-172.30.0.250` */
  readonly addresses: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Resolves when there are pools, ours or others'; tries again until then or until the signal. */
export async function ensureDefaultPool(options: DefaultPoolOptions): Promise<void> {
  const { clock, log, signal } = options;
  while (!signal.aborted) {
    try {
      await makeDefaultPool(options);
      return;
    } catch (error) {
      log.warn('the default address pool could not be made; it is tried again', { error: String(error) });
      await sleep(clock, defaultPoolRetryMilliseconds, signal);
    }
  }
}

async function makeDefaultPool({ client, addresses }: DefaultPoolOptions): Promise<void> {
  const pools = await client.of('IPAddressPool').list();
  if (pools.items.length > 0 || (await hasConfigMap(client))) return;
  const metadata = { name: defaultPoolName, namespace: metallbNamespace };
  await unlessThere(client.of('Namespace').create({ metadata: { name: metallbNamespace } }));
  // The pool comes last: its being there says that all of it is.
  const spec = { ipAddressPools: [defaultPoolName] };
  await unlessThere(client.of('L2Advertisement').create({ metadata, spec }));
  await unlessThere(client.of('IPAddressPool').create({ metadata, spec: { addresses: [...addresses] } }));
}

async function hasConfigMap(client: Client): Promise<boolean> {
  try {
    const { data } = await client.of('ConfigMap').get({ namespace: metallbNamespace, name: 'config' });
    return getOwn(data, 'config') !== undefined;
  } catch (error) {
    if (error instanceof StatusError && error.reason === 'NotFound') return false;
    throw error;
  }
}

async function unlessThere(creating: Promise<unknown>): Promise<void> {
  try {
    await creating;
  } catch (error) {
    if (!(error instanceof StatusError) || error.reason !== 'AlreadyExists') throw error;
  }
}
