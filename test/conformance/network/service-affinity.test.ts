/**
 * A client stays with its endpoint for as long as it is asked to, and is let go when it is not. Source of what is asked:
 * test/e2e/network/service.go and networking.go of kubernetes/kubernetes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeAddress, startNetworkLab } from './lab.ts';

const services = '/api/v1/namespaces/default/services';
const labels = { app: 'web' };
const all = ['web-1', 'web-2', 'web-3'];

for (const type of ['ClusterIP', 'NodePort'] as const)
  for (const protocol of ['tcp', 'udp'] as const)
    test(`${type}, ${protocol}: switched on, for its time, and off`, async (t) => {
      const lab = await startNetworkLab(t);
      for (const [index, name] of all.entries())
        await lab.pod(name, { labels, node: index === 0 ? 'node-a' : 'node-b' });
      await lab.pod('client');
      await lab.pod('other');
      const ports = [{ port: 80, targetPort: 9376, protocol: protocol.toUpperCase() }];
      const { spec } = await lab.call('POST', services, {
        metadata: { name: 'web' },
        spec: { type, selector: labels, ports },
      });
      await lab.rest();
      const door =
        type === 'ClusterIP'
          ? { address: spec.clusterIP, port: 80 }
          : { address: nodeAddress['node-a'], port: spec.ports[0].nodePort };
      const answering = (from = 'client') => lab.answering(door.address, { from, port: door.port, protocol });
      const change = async (patch: object) => {
        const changed = await lab.call('PATCH', `${services}/web`, { spec: patch });
        await lab.rest();
        return changed.spec;
      };
      assert.deepEqual(answering(), all);

      const sticky = await change({ sessionAffinity: 'ClientIP' });
      assert.deepEqual(sticky.sessionAffinityConfig, { clientIP: { timeoutSeconds: 10_800 } });
      const [kept] = answering();
      for (const from of ['client', 'other', 'client']) assert.equal(answering(from).length, 1);
      assert.deepEqual(answering(), [kept]);

      // Each asking counts anew; who has not asked for the whole time is free to meet another.
      await change({ sessionAffinityConfig: { clientIP: { timeoutSeconds: 10 } } });
      const seen = new Set<string>();
      for (let round = 0; round < 40; round++) {
        const [before] = answering();
        lab.clock.advance(9000);
        assert.deepEqual(answering(), [before]);
        lab.clock.advance(11_000);
        seen.add(before as string);
      }
      assert.deepEqual([...seen].sort(), all);

      const free = await change({ sessionAffinity: 'None', sessionAffinityConfig: null });
      assert.equal(free.sessionAffinityConfig, undefined);
      assert.deepEqual(answering(), all);
    });
