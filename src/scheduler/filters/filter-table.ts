/** Tables of what a filter says of nodes: for tests. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Node } from '../../kinds/generated/types.ts';
import { type Filter, isRejection, type Lookups, type Rejection } from '../plugin.ts';
import type { PodView } from '../pod-view.ts';
import type { Snapshot } from '../snapshot.ts';
import { cycleOf, makeNode, snapshotOf } from '../test-kit.ts';

type Words = string;

const wordsOf = ({ reasons, isResolvable }: Rejection): Words =>
  `${reasons.join(' + ')}${isResolvable ? ' (removing pods may help)' : ''}`;

/** What the filter says of each node; of the pod as a whole under ''. */
export function verdicts(
  filter: Filter,
  pod: PodView,
  snapshot: Snapshot,
  lookups: Partial<Lookups> = {},
): Record<string, Words> {
  const prepared = filter.prepare(pod, cycleOf(snapshot, lookups));
  if (prepared === undefined) return { '': 'nothing to check' };
  if (isRejection(prepared)) return { '': wordsOf(prepared) };
  return Object.fromEntries(
    snapshot.nodes.map((node) => {
      const rejection = prepared.check(node);
      return [node.name, rejection === undefined ? 'fits' : wordsOf(rejection)];
    }),
  );
}

export interface FilterCase {
  nodes?: Node[];
  on?: Record<string, PodView[]>;
  pod: PodView;
  lookups?: Partial<Lookups>;
  expect: Record<string, Words>;
}

export function filterTable(filter: Filter, cases: Record<string, FilterCase>): void {
  describe(filter.name, () => {
    for (const [name, { nodes = [makeNode('a')], on, pod, lookups, expect }] of Object.entries(cases))
      test(name, () => assert.deepEqual(verdicts(filter, pod, snapshotOf(nodes, on), lookups), expect));
  });
}
