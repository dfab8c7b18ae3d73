import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Node, PodDisruptionBudget } from '../kinds/generated/types.ts';
import { seededRandom } from '../lib/random.ts';
import { Nominator } from './nominator.ts';
import type { PodView } from './pod-view.ts';
import { viewPod } from './pod-view.ts';
import { pickCandidate, preempt } from './preemption.ts';
import { makeProfile } from './profile.ts';
import { cycleOf, decide, makeNode, makePod, type PodWords, snapshotOf, viewOf } from './test-kit.ts';

interface Case {
  nodes: Node[];
  on: Record<string, PodView[]>;
  pod?: PodView;
  budgets?: PodDisruptionBudget[];
  nominated?: string;
  /** `node: victims`, or what is said. */
  expect: string;
}

function outcome({ nodes, on, pod = important, budgets = [], nominated }: Case): string {
  const snapshot = snapshotOf(nodes, on);
  const cycle = cycleOf(snapshot);
  const nominator = new Nominator();
  if (nominated !== undefined) nominator.set(pod, nominated);
  const before = Object.fromEntries(snapshot.nodes.map(({ name, pods }) => [name, new Set(pods.keys())]));
  const { failure } = decide(pod, cycle, { nominator });
  assert.ok(failure, 'the pod must not fit without preemption');
  const found = preempt(pod, cycle, {
    profile: makeProfile(),
    nominator,
    random: seededRandom(1),
    diagnosis: failure.diagnosis,
    budgets,
  });
  // The trial leaves no trace.
  assert.deepEqual(
    Object.fromEntries(snapshot.nodes.map(({ name, pods }) => [name, new Set(pods.keys())])),
    before,
  );
  if (!('candidate' in found)) return found.message;
  const { node, victims, violations } = found.candidate;
  const names = victims.map(({ name }) => name).join(' ');
  return `${node}: ${names}${violations > 0 ? ` (${violations} against a budget)` : ''}`;
}

const uses = (name: string, cpu: string, words: PodWords = {}) =>
  viewOf(name, { requests: { cpu }, labels: { app: name }, ...words });
const important = uses('important', '2', { priority: 100 });
const one = [makeNode('a')];
const two = [makeNode('a'), makeNode('b')];

const budget = (
  app: string,
  disruptionsAllowed: number,
  disruptedPods?: Record<string, string>,
): PodDisruptionBudget => ({
  metadata: { name: app, namespace: 'default' },
  spec: { selector: { matchLabels: { app } } },
  status: { disruptionsAllowed, ...(disruptedPods ? { disruptedPods } : {}) },
});

const terminating = (): PodView => {
  const pod = makePod('leaving', { requests: { cpu: '4' } });
  return viewPod({
    ...pod,
    metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }] },
  });
};

describe('who has to go', () => {
  const cases: Record<string, Case> = {
    'no more than needed, the least important': {
      nodes: one,
      on: { a: [uses('low', '1', { priority: 1 }), uses('lower', '2'), uses('high', '1', { priority: 50 })] },
      expect: 'a: lower',
    },
    'of equal ones those that came last': {
      nodes: one,
      on: {
        a: [
          uses('old', '2', { startTime: '2026-01-01T00:00:00Z' }),
          uses('young', '2', { startTime: '2026-01-02T00:00:00Z' }),
        ],
      },
      expect: 'a: young',
    },
    'the node whose most important victim is the least important': {
      nodes: two,
      on: {
        a: [uses('x', '4', { priority: 9 })],
        b: [uses('y', '2', { priority: 8 }), uses('z', '2', { priority: 8 })],
      },
      expect: 'b: z',
    },
    'pods under a budget stay if others can go': {
      nodes: one,
      on: { a: [uses('guarded', '2'), uses('free', '2', { priority: 5 })] },
      budgets: [budget('guarded', 0)],
      expect: 'a: free',
    },
    'a node without a broken budget is better, even with more important victims': {
      nodes: two,
      on: { a: [uses('guarded', '4')], b: [uses('x', '4', { priority: 50 })] },
      budgets: [budget('guarded', 0)],
      expect: 'b: x',
    },
    'a budget is broken when there is no other way': {
      nodes: one,
      on: { a: [uses('guarded', '4')] },
      budgets: [budget('guarded', 0)],
      expect: 'a: guarded (1 against a budget)',
    },
    'a disruption that is already counted is not counted again': {
      nodes: one,
      on: { a: [uses('guarded', '4')] },
      budgets: [budget('guarded', 0, { guarded: '2026-01-01T00:00:00Z' })],
      expect: 'a: guarded',
    },
    'a port that is wanted': {
      nodes: one,
      on: { a: [uses('x', '0', { hostPort: 80 }), uses('y', '0', { hostPort: 81 })] },
      pod: viewOf('p', { hostPort: 80, priority: 1 }),
      expect: 'a: x',
    },
    'nobody is less important': {
      nodes: two,
      on: { a: [uses('x', '4', { priority: 100 })], b: [uses('y', '4', { priority: 200 })] },
      expect: 'preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
    },
    'it would not help': {
      nodes: [makeNode('a'), makeNode('b', { unschedulable: true }), makeNode('c', { cpu: '1' })],
      on: { a: [uses('x', '3', { priority: 100 }), uses('y', '1')], b: [uses('z', '4')] },
      expect:
        'preemption: 0/3 nodes are available: 1 Insufficient cpu, 2 Preemption is not helpful for scheduling.',
    },
    'the pod may not': {
      nodes: one,
      on: { a: [uses('x', '4')] },
      pod: uses('polite', '2', { priority: 100, preemptionPolicy: 'Never' }),
      expect: 'preemption: not eligible due to preemptionPolicy=Never.',
    },
    'victims of before are still going': {
      nodes: one,
      on: { a: [terminating()] },
      nominated: 'a',
      expect: 'preemption: not eligible due to a terminating pod on the nominated node.',
    },
  };
  for (const [name, each] of Object.entries(cases))
    test(name, () => assert.equal(outcome(each), each.expect));
});

describe('which node', () => {
  const victim = (priority: number, startTime?: string) =>
    viewOf('v', { priority, ...(startTime ? { startTime } : {}) });
  const candidate = (node: string, victims: PodView[], violations = 0) => ({ node, victims, violations });
  const cases: Record<string, [ReturnType<typeof candidate>[], string | undefined]> = {
    none: [[], undefined],
    'fewest broken budgets': [[candidate('a', [victim(1)], 1), candidate('b', [victim(9)])], 'b'],
    'the least important first victim': [
      [candidate('a', [victim(9)]), candidate('b', [victim(1), victim(1)])],
      'b',
    ],
    'the smallest sum, also below zero': [
      [candidate('a', [victim(-1), victim(-1)]), candidate('b', [victim(-1)])],
      'b',
    ],
    'the latest start': [
      [
        candidate('a', [victim(1, '2026-01-01T00:00:00Z')]),
        candidate('b', [victim(1, '2026-01-02T00:00:00Z')]),
      ],
      'b',
    ],
    'the first of equal ones': [[candidate('a', [victim(1)]), candidate('b', [victim(1)])], 'a'],
  };
  for (const [name, [candidates, expected]] of Object.entries(cases))
    test(name, () => assert.equal(pickCandidate(candidates)?.node, expected));
});
