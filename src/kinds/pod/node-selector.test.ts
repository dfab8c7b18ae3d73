import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeSelectorTerm, Pod } from '../generated/types.ts';
import { namedNodes, requiredNodeMatch, termMatches } from './node-selector.ts';

const podWith = (...nodeSelectorTerms: NodeSelectorTerm[]): Pod => ({
  metadata: {},
  spec: {
    containers: [],
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
  },
});

test('a pod that asks for nothing, for a label, for a name', () => {
  const node = { name: 'n1', labels: { disk: 'ssd' } };
  const selecting = (nodeSelector: Record<string, string>) => ({
    metadata: {},
    spec: { containers: [], nodeSelector },
  });
  const named = (name: string) =>
    podWith({ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] });
  assert.equal(requiredNodeMatch({ metadata: {} }), undefined);
  assert.deepEqual(
    [
      selecting({ disk: 'ssd' }),
      selecting({ disk: 'hdd' }),
      selecting({ constructor: 'x' }),
      named('n1'),
      named('n2'),
      podWith(),
    ].map((pod) => requiredNodeMatch(pod)?.(node)),
    [true, false, false, true, false, false],
  );
});

test('only nodes that all terms name come into question', () => {
  const byName = (...values: string[]) => ({
    matchFields: [{ key: 'metadata.name', operator: 'In', values }],
  });
  const cases: Record<string, [NodeSelectorTerm[], string[] | undefined]> = {
    'one name': [[byName('a')], ['a']],
    'a term for each': [
      [byName('a'), byName('b')],
      ['a', 'b'],
    ],
    'a term without names': [
      [byName('a'), { matchExpressions: [{ key: 'x', operator: 'Exists' }] }],
      undefined,
    ],
  };
  for (const [name, [terms, expected]] of Object.entries(cases)) {
    const found = namedNodes(podWith(...terms));
    assert.deepEqual(found === undefined ? undefined : [...found], expected, name);
  }
});

test('numbers are compared as numbers', () => {
  const is = (operator: string, bound: string, value: string) =>
    termMatches(
      { matchExpressions: [{ key: 'k', operator, values: [bound] }] },
      { name: 'n', labels: { k: value } },
    );
  assert.deepEqual(
    [is('Gt', '9', '10'), is('Lt', '9', '10'), is('Gt', 'x', '10'), is('Gt', '9', 'many')],
    [true, false, false, false],
  );
});
