import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fixedView } from '../../client/fixed-view.ts';
import type { Node } from '../../kinds/generated/types.ts';
import type { KubeObject } from '../../kinds/object.ts';
import { type Mood, moodOf, nodeHealth } from './zone-health.ts';

let made = 0;
const nodeOf = (status: string, labels: Record<string, string> = {}): Node & KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: `n${++made}`, labels },
  status: { conditions: [{ type: 'Ready', status }] },
});
const several = (count: number, status: string, labels?: Record<string, string>) =>
  Array.from({ length: count }, () => nodeOf(status, labels));
const zone = (name: string) => ({ 'topology.kubernetes.io/zone': name });

const cases: Record<string, { nodes: (Node & KubeObject)[]; mood: Mood }> = {
  'the only node': { nodes: several(1, 'Unknown'), mood: 'spare' },
  'all nodes': { nodes: [...several(3, 'Unknown'), ...several(2, 'False')], mood: 'spare' },
  'one of two': { nodes: [...several(1, 'Unknown'), ...several(1, 'True')], mood: 'drive' },
  'two of three are few': { nodes: [...several(2, 'Unknown'), ...several(1, 'True')], mood: 'drive' },
  'three of five': { nodes: [...several(3, 'Unknown'), ...several(2, 'True')], mood: 'hold' },
  'half of six': { nodes: [...several(3, 'Unknown'), ...several(3, 'True')], mood: 'drive' },
  'most of a large zone': { nodes: [...several(40, 'Unknown'), ...several(11, 'True')], mood: 'drive' },
  'most of a zone, with others': {
    nodes: [...several(3, 'Unknown', zone('a')), nodeOf('True', zone('a')), ...several(9, 'True', zone('b'))],
    mood: 'hold',
  },
  'a whole zone, with others': {
    nodes: [...several(3, 'Unknown', zone('a')), ...several(2, 'True', zone('b'))],
    mood: 'drive',
  },
  'a ready one that does not count': {
    nodes: [...several(2, 'Unknown'), nodeOf('True', { 'node.kubernetes.io/exclude-disruption': '' })],
    mood: 'spare',
  },
};

describe('what becomes of the first node', () => {
  for (const [name, { nodes, mood }] of Object.entries(cases))
    test(`${name}: ${mood}`, () => {
      const view = fixedView(
        { watches: { Node: () => [] }, indexes: { Node: { health: nodeHealth } } },
        { objects: nodes },
      );
      assert.equal(moodOf(nodes[0] as Node, view), mood);
    });
});
