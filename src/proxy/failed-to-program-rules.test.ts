/** What a person sees of a kernel that refuses: the Events of the Node, with `kubectl describe node`. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startTestWorld } from '../../test/client/world.ts';
import type { Exec } from '../lib/exec.ts';
import { silentLogger } from '../lib/log.ts';
import { MetricsRegistry } from '../lib/metrics.ts';
import { seededRandom } from '../lib/random.ts';
import { kernelNft } from '../nft/nft.ts';
import { KernelProxy } from './kernel-proxy.ts';

const refusal = (rule: string) =>
  `/dev/stdin:9:1-60: Error: Could not process rule: No such file or directory\n${rule}\n^^^^^^\n`;

/** A node's proxy with an nft whose answer to transactions is `stderr()`: '' when they are done. */
async function start(t: TestContext, stderr: (transaction: number) => string) {
  const world = await startTestWorld();
  const stopping = new AbortController();
  const { clock, informers, recorder, client } = world;
  let transactions = 0;
  const nft: Exec = async (_, args) => {
    if (args[0] === '-j') return { code: 1, stdout: '', stderr: 'Error: No such file or directory\n' };
    const said = stderr(transactions++);
    return { code: said === '' ? 0 : 1, stdout: '', stderr: said };
  };
  const proxy = new KernelProxy({
    ...{ nodeName: 'a', informers, recorder, clock, random: seededRandom(3), log: silentLogger },
    ...{ nft: kernelNft(nft), exec: async () => ({ code: 0, stdout: '', stderr: '' }) },
    listenHttp: () => Promise.reject(new Error('no port is opened here')),
    families: ['IPv4'],
    metrics: new MetricsRegistry(),
    signal: stopping.signal,
  });
  t.after(async () => {
    stopping.abort();
    await proxy.stopped;
    await world.close();
  });
  await client.of('Node').create({
    metadata: { name: 'a' },
    spec: { podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24'] },
    status: { addresses: [{ type: 'InternalIP', address: '172.30.0.2' }] },
  });
  const events = async () => {
    const { items } = await client.of('Event').list({ namespace: 'default' });
    return items.map(({ involvedObject, source, type, reason, message, count }) => ({
      about: [involvedObject.kind, involvedObject.name, involvedObject.uid].join(' '),
      from: `${source?.component} on ${source?.host}`,
      what: `${type} ${reason}: ${message}`,
      count: count ?? 0,
    }));
  };
  return { ...world, events, transactions: () => transactions };
}

const rule = 'add rule ip wherry postrouting masquerade fully-random';
const what = (said: string) =>
  `Warning FailedToProgramRules: Services lead where they led before, or nowhere, on this node; trying again: ${said}`;

test('one Event says what the kernel refuses, and counts', async (t) => {
  const { events, advance, transactions } = await start(t, () => refusal(rule));
  await advance(2000);
  const [first, ...others] = await events();
  assert.deepEqual(others, []);
  assert.ok((first?.count ?? 0) >= 2, 'it is tried again, and told');
  assert.deepEqual(first, {
    about: 'Node a a',
    from: 'wherry-agent on a',
    what: what(
      `nft refused to change table ip wherry: Could not process rule: No such file or directory, of "${rule}"`,
    ),
    count: transactions(),
  });
});

test('an hour of refusals is one Event, written a bounded number of times', async (t) => {
  const { events, advance, transactions, server } = await start(t, () => refusal(rule));
  await advance(10_000);
  const before = server.server.backend.cache.revision;
  await advance(3_600_000);
  const all = await events();
  assert.equal(all.length, 1);
  assert.ok(transactions() > 100, `it was tried ${transactions()} times`);
  // Upstream's correlator: 25 for an object, then one in five minutes.
  const writes = server.server.backend.cache.revision - before;
  assert.ok(writes <= 25 + 12, `${writes} writes`);
});

test('refusals that differ each time become one Event too', async (t) => {
  const { events, advance } = await start(t, (transaction) => refusal(`${rule} ${transaction}`));
  await advance(600_000);
  const all = await events();
  assert.ok(all.length <= 10, `${all.length} Events`);
  assert.ok(all.some((each) => each.what.includes('(combined from similar events)')));
});

test('a kernel that takes the rules is not spoken of, and once it takes them nothing is added', async (t) => {
  const { events, advance, transactions } = await start(t, (count) => (count < 2 ? refusal(rule) : ''));
  await advance(60_000);
  assert.deepEqual(
    (await events()).map(({ count }) => count),
    [2],
  );
  assert.ok(transactions() > 2);
});
