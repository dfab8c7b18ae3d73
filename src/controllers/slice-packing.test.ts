/** Endpoints in slices: named cases with three to a slice, and what holds for any. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Endpoint, EndpointSlice } from '../kinds/generated/types.ts';
import { endpointKey, packSlices, portsKey, type SlicePlan } from './slice-packing.ts';

/** `a` is a ready endpoint, `a!` the same one, not ready. */
const endpoint = (text: string): Endpoint => ({
  addresses: [text.replace('!', '')],
  conditions: { ready: !text.endsWith('!') },
});
const textOf = ({ addresses, conditions }: Endpoint): string =>
  `${addresses[0]}${conditions?.ready ? '' : '!'}`;
const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
const slice = (name: string, endpoints: string[]): EndpointSlice => ({
  metadata: { name },
  addressType: 'IPv4',
  endpoints: endpoints.map(endpoint),
});

/** `new: a b`, `one: a b c`, `-two`. */
const planText = ({ creates, updates, deletes }: SlicePlan): string[] => [
  ...creates.map((endpoints) => `new: ${endpoints.map(textOf).join(' ')}`),
  ...updates.map((each) => `${each.slice.metadata.name}: ${each.endpoints.map(textOf).join(' ')}`),
  ...deletes.map(({ metadata }) => `-${metadata.name}`),
];

const options = { most: 3, needsRewrite: () => false };

const cases: Record<string, { existing: string[]; desired: string; wanted: string[] }> = {
  'nothing of nothing': { existing: [], desired: '', wanted: [] },
  'the first ones': { existing: [], desired: 'a b', wanted: ['new: a b'] },
  'more than fit in one': { existing: [], desired: 'a b c d', wanted: ['new: a b c', 'new: d'] },
  'the same again': { existing: ['a b', 'c'], desired: 'c b a', wanted: [] },
  'one more where there is room': { existing: ['a b c', 'd'], desired: 'a b c d e', wanted: ['two: d e'] },
  'one more in the fullest that has room': {
    existing: ['a', 'b c'],
    desired: 'a b c d',
    wanted: ['two: b c d'],
  },
  'more than there is room in any': { existing: ['a b'], desired: 'a b c d', wanted: ['new: c d'] },
  'a changed one takes its slice along': { existing: ['a', 'b'], desired: 'a b! c', wanted: ['two: b! c'] },
  'a lost one makes room that is used first': {
    existing: ['a b c', 'd'],
    desired: 'a b d e',
    wanted: ['one: a b e'],
  },
  'a slice that loses all': { existing: ['a', 'b'], desired: 'a', wanted: ['-two'] },
  'a slice whose every endpoint was replaced': { existing: ['a'], desired: 'b', wanted: ['new: b', '-one'] },
};

const names = ['one', 'two', 'three'];

describe('slices', () => {
  for (const [name, { existing, desired, wanted }] of Object.entries(cases))
    test(name, () => {
      const slices = existing.map((text, index) => slice(names[index] ?? '', words(text)));
      assert.deepEqual(planText(packSlices(slices, words(desired).map(endpoint), options)), wanted);
    });

  test('are written again when something else of them is out of date', () => {
    const plan = packSlices([slice('one', ['a'])], [endpoint('a')], { ...options, needsRewrite: () => true });
    assert.deepEqual([planText(plan), plan.changed], [['one: a'], []]);
  });

  test('hold exactly what is desired, each once, and none too many', () => {
    const letters = fc.uniqueArray(fc.constantFrom(...'abcdefghijklmn'), { maxLength: 12 });
    fc.assert(
      fc.property(letters, letters, fc.integer({ min: 1, max: 4 }), (before, after, most) => {
        const existing = [0, 1, 2, 3].map((index) =>
          slice(`s${index}`, before.slice(index * most, (index + 1) * most)),
        );
        const plan = packSlices(existing, after.map(endpoint), { most, needsRewrite: () => false });
        const lists = [
          ...plan.creates,
          ...plan.updates.map(({ endpoints }) => endpoints),
          ...plan.unchanged.map(({ endpoints }) => endpoints ?? []),
        ];
        assert.deepEqual(lists.flat().map(textOf).sort(), [...after].sort());
        for (const list of lists) assert.ok(list.length <= most);
        const known = [...plan.updates.map((each) => each.slice), ...plan.deletes, ...plan.unchanged];
        assert.equal(new Set(known).size, existing.length, 'every slice is accounted for once');
      }),
      { interruptAfterTimeLimit: 2000 },
    );
  });

  test('are told apart by their ports, in whatever order', () => {
    const [http, dns] = [
      { name: 'http', port: 80, protocol: 'TCP' },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ];
    assert.equal(portsKey([http, dns]), portsKey([dns, http]));
    assert.notEqual(portsKey([http]), portsKey([{ ...http, port: 81 }]));
    assert.equal(portsKey(undefined), portsKey([]));
  });

  test('know an endpoint again by address, hostname and pod', () => {
    const pod = { ...endpoint('a'), targetRef: { kind: 'Pod', namespace: 'default', name: 'web' } };
    assert.equal(endpointKey(pod), endpointKey({ ...pod, nodeName: 'node-a' }));
    assert.notEqual(endpointKey(pod), endpointKey(endpoint('a')));
  });
});
