/** What the kernel and the fake both do with transactions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adoptTable } from './adopt.ts';
import { diffTables } from './diff.ts';
import { type Nft, NftError, type TableName } from './nft.ts';
import type { Operation } from './operation.ts';
import type { Reading } from './reading.ts';
import { firstMark, sampleAddresses, sampleTable } from './sample-table.ts';
import type { Table } from './table.ts';

/** A reading as one comparable value, in order of names. */
const flat = (reading: Reading | undefined) =>
  reading && {
    chains: [...reading.chains].sort(),
    sets: [...reading.sets].map(([name, elements]) => [name, [...elements].sort()] as const).sort(),
  };

const expected = (table: Table) =>
  flat({
    chains: new Map([...table.chains].map(([name, { rules }]) => [name, rules.length])),
    sets: new Map([...table.sets].map(([name, { elements }]) => [name, elements])),
  });

interface Begun {
  readonly nft: Nft;
  /** As it was applied. */
  readonly table: Table;
}

/** `at`: a table of the sample's name; it and its addresses are those of one family. */
type Act = (begun: Begun, at: TableName) => Promise<void>;

const check = async (nft: Nft, table: Table) =>
  assert.deepEqual(flat(await nft.read(table)), expected(table));

const addInnocent = (at: TableName): Operation => ({
  type: 'addElements',
  set: 'addresses',
  elements: [[sampleAddresses[at.family].other, '']],
});

const changes: Record<string, Act> = {
  'a whole table comes back as it was wanted': ({ nft, table }) => check(nft, table),

  'what was there is replaced': async ({ nft, table }, at) => {
    table.chains.delete('affinity-2');
    table.sets.get('addresses')?.elements.clear();
    await nft.apply(at, diffTables(undefined, table));
    await check(nft, table);
  },

  'elements come, go and change their value': async ({ nft, table }, at) => {
    const { service, other, pods } = sampleAddresses[at.family];
    const next = sampleTable(at.family);
    next.sets.get('services')?.elements.set(`${other} . udp . 53`, 'goto dispatch-2');
    next.sets.get('endpoints')?.elements.set(`${service} . tcp . 80 . ${firstMark}`, `${pods[1]} . 9090`);
    next.sets.get('endpoints')?.elements.delete(`${service} . tcp . 80 . ${firstMark + 1}`);
    next.sets.get('addresses')?.elements.set(other, '');
    next.sets.get('sources')?.elements.clear();
    await nft.apply(at, diffTables(table, next));
    await check(nft, next);
  },

  'chains and sets go together with what led to them': async ({ nft, table }, at) => {
    const next = sampleTable(at.family);
    next.chains.delete('affinity-2');
    next.chains.delete('dispatch-2');
    next.sets.get('services')?.elements.delete(`${sampleAddresses[at.family].service} . tcp . 80`);
    for (const set of ['affinity', 'ids', 'by-id', 'endpoints']) next.sets.delete(set);
    await nft.apply(at, diffTables(table, next));
    await check(nft, next);
    await nft.apply(at, diffTables(next, table));
    await check(nft, table);
  },

  'what is there is adopted, and what packets put there stays': async ({ nft, table }, at) => {
    const { service, other } = sampleAddresses[at.family];
    await nft.apply(at, [
      { type: 'addElements', set: 'affinity', elements: [[other, String(firstMark)]] },
      { type: 'addSet', set: 'stray', spec: { kind: 'map', key: ['saddr'], value: ['mark'] } },
      { type: 'addChain', chain: 'stray-chain' },
      { type: 'deleteElements', set: 'addresses', elements: [[service, '']] },
    ]);
    const next = sampleTable(at.family);
    next.chains.delete('affinity-2');
    next.sets.get('services')?.elements.delete(`${other} . udp . 53`);
    next.sets.get('ranges')?.elements.clear();
    const reading = await nft.read(at);
    assert.ok(reading !== undefined);
    await nft.apply(at, adoptTable(reading, next));
    next.sets.get('affinity')?.elements.set(other, String(firstMark));
    await check(nft, next);
    await nft.apply(at, adoptTable((await nft.read(at)) ?? reading, table));
    table.sets.get('affinity')?.elements.set(other, String(firstMark));
    await check(nft, table);
  },

  'a table that is gone': async ({ nft }, at) => {
    await nft.apply(at, [{ type: 'destroyTable' }]);
    assert.equal(await nft.read(at), undefined);
    await assert.rejects(nft.apply(at, [addInnocent(at)]), NftError);
    await assert.rejects(nft.apply(at, [{ type: 'destroyTable' }]), NftError);
  },
};

/** Each is refused, and the whole transaction with it. `service`: the sample's. */
const refused: Record<string, (service: string) => Operation[]> = {
  'an element that is there with another value': (service) => [
    { type: 'addElements', set: 'services', elements: [[`${service} . tcp . 80`, 'drop']] },
  ],
  'an element that is not there': (service) => [
    { type: 'deleteElements', set: 'services', elements: [[`${service} . tcp . 81`, 'drop']] },
  ],
  'a verdict to a chain that is not there': (service) => [
    { type: 'addElements', set: 'services', elements: [[`${service} . tcp . 81`, 'goto nowhere']] },
  ],
  'a rule with a set that is not there': () => [
    {
      type: 'setRules',
      chain: 'dispatch-2',
      rules: [[{ type: 'inSet', key: ['daddr'], set: 'nowhere' }]],
    },
  ],
  'the end of a chain that others lead to': () => [
    { type: 'setRules', chain: 'dispatch-2', rules: [] },
    { type: 'deleteChain', chain: 'dispatch-2' },
  ],
  'the end of a set that rules look at': () => [{ type: 'deleteSet', set: 'endpoints' }],
};

/** `make`: an Nft without the sample's table; `skip`: why it cannot be tried here. */
export function nftContract(title: string, make: () => Promise<Nft>, skip: string | false): void {
  for (const family of ['ip', 'ip6'] as const) {
    const at: TableName = { family, name: sampleTable(family).name };
    const begin = async (): Promise<Begun> => {
      const nft = await make();
      const table = sampleTable(family);
      await nft.apply(at, diffTables(undefined, table));
      return { nft, table };
    };
    for (const [name, act] of Object.entries(changes))
      test(`${title}, ${family}: ${name}`, { skip }, async () => act(await begin(), at));
    for (const [name, operations] of Object.entries(refused))
      test(`${title}, ${family}: refuses ${name}`, { skip }, async () => {
        const { nft, table } = await begin();
        const all = [addInnocent(at), ...operations(sampleAddresses[family].service)];
        await assert.rejects(nft.apply(at, all), NftError);
        await check(nft, table);
      });
  }
}
