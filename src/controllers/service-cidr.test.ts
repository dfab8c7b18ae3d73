import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import { serviceCIDR } from './service-cidr.ts';

describe('service CIDRs', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await startTestWorld({ controllers: [serviceCIDR] });
    await world.settle();
  });
  afterEach(() => world.close());

  const ranges = () => world.client.of('ServiceCIDR');
  const services = () => world.client.of('Service');
  const finalizer = 'networking.k8s.io/service-cidr-finalizer';

  async function makeExtra(cidr: string): Promise<void> {
    await ranges().create({ metadata: { name: 'extra' }, spec: { cidrs: [cidr] } });
    await world.settle();
  }

  test('a range is ready and held', async () => {
    const { metadata, status } = await ranges().get({ name: 'kubernetes' });
    assert.deepEqual(metadata.finalizers, [finalizer]);
    assert.deepEqual(status?.conditions, [
      {
        type: 'Ready',
        status: 'True',
        reason: '',
        message: 'Kubernetes Service CIDR is ready',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ]);
  });

  test('an unused range goes at once', async () => {
    await makeExtra('10.97.0.0/24');
    await ranges().delete({ name: 'extra' });
    await world.settle();
    assert.deepEqual(
      (await ranges().list()).items.map((item) => item.metadata.name),
      ['kubernetes'],
    );
  });

  test('a range in use waits for the last address', async () => {
    await makeExtra('10.97.0.0/24');
    const spec = { clusterIP: '10.97.0.7', ports: [{ port: 80 }] };
    await services().create({ metadata: { namespace: 'default', name: 'user' }, spec });
    await ranges().delete({ name: 'extra' });
    await world.settle();
    const waiting = await ranges().get({ name: 'extra' });
    assert.deepEqual(
      waiting.status?.conditions?.map(({ status, reason }) => [status, reason]),
      [['False', 'Terminating']],
    );
    await services().delete({ namespace: 'default', name: 'user' });
    await world.settle();
    assert.deepEqual(
      (await ranges().list()).items.map((item) => item.metadata.name),
      ['kubernetes'],
    );
  });

  test('an address that another range covers holds nobody', async () => {
    await makeExtra('10.96.4.0/24');
    const spec = { clusterIP: '10.96.4.4', ports: [{ port: 80 }] };
    await services().create({ metadata: { namespace: 'default', name: 'user' }, spec });
    await ranges().delete({ name: 'extra' });
    await world.settle();
    assert.deepEqual(
      (await ranges().list()).items.map((item) => item.metadata.name),
      ['kubernetes'],
    );
  });
});
