/** Random histories of Services, in the kernel and in the fake: the same transactions leave the same tables. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { parseCidr } from '../../src/lib/cidr.ts';
import { exec } from '../../src/lib/exec.ts';
import { createManualClock } from '../../src/lib/manual-clock.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { FakeHost } from '../../src/nft/fake-host.ts';
import { kernelNft, type Nft } from '../../src/nft/nft.ts';
import { Planner } from '../../src/proxy/planner.ts';
import { anyBatch, change } from '../../src/proxy/planner-fixture.ts';
import { Namespace, whyNoNamespaces } from './namespace.ts';

const table = { family: 'ip', name: 'wherry' } as const;
const batches = 40;
const seeds = [1, 2];

async function content(nft: Nft) {
  const reading = await nft.read(table);
  return {
    chains: [...(reading?.chains ?? [])].sort(),
    sets: [...(reading?.sets ?? [])].map(([name, elements]) => [name, [...elements].sort()] as const).sort(),
  };
}

describe('random histories', { skip: whyNoNamespaces() }, () => {
  let namespace: Namespace;
  before(async () => {
    namespace = await Namespace.make();
  });
  after(() => namespace?.close());

  for (const seed of seeds)
    test(`seed ${seed}`, async () => {
      const planner = new Planner({
        families: ['IPv4'],
        network: {
          node: 'a',
          nodeAddresses: ['172.30.0.2'],
          podCidrs: ['10.244.0.0/24'].flatMap((text) => parseCidr(text) ?? []),
          serviceCidrs: ['10.96.0.0/16'].flatMap((text) => parseCidr(text) ?? []),
        },
      });
      const kernel = kernelNft(exec, namespace.prefix);
      const fake = new FakeHost({
        clock: createManualClock(),
        random: seededRandom(seed),
        addresses: [],
        addressToward: () => '',
      });
      const history = fc.sample(anyBatch, { seed, numRuns: batches });
      for (const [step, batch] of history.entries()) {
        for (const each of batch) change(planner, each);
        for (const { operations } of step === 0 ? planner.takeAll() : planner.take())
          await Promise.all([kernel, fake].map((nft) => nft.apply(table, operations)));
        if (step % 8 === 7)
          assert.deepEqual(await content(kernel), await content(fake), `after step ${step}`);
      }
      const reading = await kernel.read(table);
      assert.ok(reading !== undefined);
      for (const { operations } of planner.takeAll(new Map([['IPv4', reading]])))
        await kernel.apply(table, operations);
      assert.deepEqual(await content(kernel), await content(fake));
    });
});
