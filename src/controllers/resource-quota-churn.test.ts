import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { startCluster } from '../../test/controllers/cluster.ts';
import type { StreamHandlers, Transport } from '../client/transport.ts';
import type { Pod } from '../kinds/generated/types.ts';
import { resourceQuota } from './resource-quota.ts';

const podsMax = 4;

const counts = (pod: Pod | undefined): boolean =>
  pod !== undefined && pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed';

const step = fc.record({
  act: fc.constantFrom('create', 'create', 'create', 'delete', 'end', 'other', 'pause'),
  name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
});

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** What a watch of pods says comes some turns late, in its order: quotas are known before the pods they were charged for. */
function latePods(inner: Transport): Transport {
  let chunks = 0;
  const late = (handlers: StreamHandlers): StreamHandlers => {
    let last: Promise<unknown> = Promise.resolve();
    const after = (wait: number, then: () => void) => {
      last = Promise.all([last, turns(wait)]).then(then);
    };
    return {
      onChunk: (chunk) => after((chunks++ * 5) % 9, () => handlers.onChunk(chunk)),
      onEnd: (error) => after(0, () => handlers.onEnd(error)),
    };
  };
  return {
    close: () => inner.close(),
    async send(request) {
      const response = await inner.send(request);
      const { body } = response;
      if (body instanceof Uint8Array || !request.url.startsWith('/api/v1/pods?')) return response;
      return {
        ...response,
        body: { open: (handlers) => body.open(late(handlers)), cancel: () => body.cancel() },
      };
    },
  };
}

test('pods come and go while the controller counts: never too many, and in the end all is told right', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const cluster = await startCluster({ controllers: [resourceQuota()], wrap: latePods });
      try {
        const hard = { pods: String(podsMax), configmaps: '100' };
        await cluster.create('ResourceQuota', { metadata: { name: 'q' }, spec: { hard } });
        await cluster.settle();
        let present = 0;
        let most = 0;
        // At every revision, as it is written.
        cluster.server.server.backend.cache.subscribe({ group: '', plural: 'pods' }, (change) => {
          present +=
            Number(counts(change.new as Pod | undefined)) - Number(counts(change.old as Pod | undefined));
          most = Math.max(most, present);
        });
        const pods = cluster.client.of('Pod');
        const under = steps.map(async ({ act, name }, index) => {
          const at = { namespace: 'default', name };
          // Spread over the turns in which the controller works.
          await turns(index);
          if (act === 'create')
            await pods.create({ metadata: at, spec: { containers: [{ name: 'c', image: 'x' }] } });
          else if (act === 'delete') await pods.delete(at, { gracePeriodSeconds: 0 });
          else if (act === 'end')
            await pods.patch(at, {
              type: 'merge',
              patch: { status: { phase: 'Failed' } },
              subresource: 'status',
            });
          else if (act === 'other')
            await cluster.client
              .of('ConfigMap')
              .create({ metadata: { namespace: 'default', generateName: 'm-' } });
        });
        for (const result of await Promise.allSettled(under))
          if (result.status === 'rejected')
            assert.match(String(result.reason), /exceeded quota|not found|already exists/);
        await cluster.settle();
        assert.ok(most <= podsMax, `${most} pods at a time`);
        const { items } = await pods.list({ namespace: 'default' });
        const maps = await cluster.list('ConfigMap');
        assert.deepEqual((await cluster.get('ResourceQuota', 'q')).status, {
          hard,
          used: { configmaps: String(maps.length), pods: String(items.filter(counts).length) },
        });
      } finally {
        await cluster.close();
      }
    }),
    { numRuns: 60, interruptAfterTimeLimit: 10_000 },
  );
});
