import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Node, PodSpec, Taint, Toleration } from '../../kinds/generated/types.ts';
import { tolerationsOf, type Verdict, verdictOf } from './nodes.ts';

const node = (taints: Taint[] = [], labels: Record<string, string> = {}): Node => ({
  metadata: { name: 'n1', labels },
  spec: { taints },
});

const taint = (key: string, effect: string): Taint => ({ key, effect });
const condition = (name: string, effect = 'NoSchedule') => taint(`node.kubernetes.io/${name}`, effect);
const requires = (key: string, values: string[]): Partial<PodSpec> => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values }] }],
      },
    },
  },
});

const runs: Verdict = { shouldRun: true, shouldStay: true };
const stays: Verdict = { shouldRun: false, shouldStay: true };
const goes: Verdict = { shouldRun: false, shouldStay: false };

const cases: Record<string, { spec?: Partial<PodSpec>; on?: Node; verdict: Verdict }> = {
  'any node': { verdict: runs },
  'another node by name': { spec: { nodeName: 'n2' }, verdict: goes },
  'this node by name': { spec: { nodeName: 'n1' }, verdict: runs },
  'a node selector': {
    spec: { nodeSelector: { disk: 'ssd' } },
    on: node([], { disk: 'ssd' }),
    verdict: runs,
  },
  'a node selector that does not match': { spec: { nodeSelector: { disk: 'ssd' } }, verdict: goes },
  'node affinity': { spec: requires('zone', ['a', 'b']), on: node([], { zone: 'b' }), verdict: runs },
  'node affinity that does not match': { spec: requires('zone', ['a']), verdict: goes },
  'a taint that keeps pods away': { on: node([taint('own', 'NoSchedule')]), verdict: stays },
  'a taint that drives pods away': { on: node([taint('own', 'NoExecute')]), verdict: goes },
  'a taint that is only a wish': { on: node([taint('own', 'PreferNoSchedule')]), verdict: runs },
  'a taint that is tolerated': {
    spec: { tolerations: [{ key: 'own', operator: 'Exists' }] },
    on: node([taint('own', 'NoExecute')]),
    verdict: runs,
  },
  'a node in every kind of trouble': {
    on: node([
      condition('not-ready', 'NoExecute'),
      condition('unreachable', 'NoExecute'),
      condition('disk-pressure'),
      condition('memory-pressure'),
      condition('pid-pressure'),
      condition('unschedulable'),
    ]),
    verdict: runs,
  },
  'a node that has not said yet that it is ready': { on: node([condition('not-ready')]), verdict: stays },
  'a node without network': { on: node([condition('network-unavailable')]), verdict: stays },
  'a node without network, whose own network will do': {
    spec: { hostNetwork: true },
    on: node([condition('network-unavailable')]),
    verdict: runs,
  },
};

describe('on which nodes a daemon runs', () => {
  for (const [name, { spec = {}, on = node(), verdict }] of Object.entries(cases))
    test(name, () => {
      const template = { spec: { containers: [], ...spec } };
      const set = { metadata: { name: 'agent' }, spec: { selector: {}, template } };
      assert.deepEqual(verdictOf(set)(on), verdict);
    });
});

test('a toleration for a while becomes one for ever, at its place', () => {
  const key = 'node.kubernetes.io/unreachable';
  const mine: Toleration[] = [
    { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 },
    { key: 'own', operator: 'Exists' },
  ];
  assert.deepEqual(
    tolerationsOf({ containers: [], tolerations: mine }).map((each) => [each.key, each.tolerationSeconds]),
    [
      [key, undefined],
      ['own', undefined],
      ['node.kubernetes.io/not-ready', undefined],
      ['node.kubernetes.io/disk-pressure', undefined],
      ['node.kubernetes.io/memory-pressure', undefined],
      ['node.kubernetes.io/pid-pressure', undefined],
      ['node.kubernetes.io/unschedulable', undefined],
    ],
  );
});
