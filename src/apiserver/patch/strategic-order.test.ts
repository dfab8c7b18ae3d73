import { describe } from 'node:test';
import {
  type AppliedCases,
  named,
  type RefusedCases,
  testApplied,
  testRefused,
} from './strategic-testing.ts';

const applied: AppliedCases = {
  // order
  'what the patch names stands in its order': [
    { merged: named('a', 'b', 'c') },
    { merged: named('c', 'a') },
    { merged: named('b', 'c', 'a') },
  ],
  'the server keeps its order around it': [
    { merged: named('a', 'b', 'c') },
    { merged: named('b', 'd') },
    { merged: named('a', 'b', 'd', 'c') },
  ],
  // $setElementOrder
  'order alone sorts': [
    { merged: named('a', 'b', 'c') },
    { '$setElementOrder/merged': named('c', 'b', 'a') },
    { merged: named('c', 'b', 'a') },
  ],
  'order with an addition': [
    { merged: named('a', 'b') },
    { '$setElementOrder/merged': named('a', 'c', 'b'), merged: [{ name: 'c', value: '1' }] },
    { merged: [{ name: 'a' }, { name: 'c', value: '1' }, { name: 'b' }] },
  ],
  'order with a deletion': [
    { merged: named('a', 'b', 'c') },
    { '$setElementOrder/merged': named('c', 'a'), merged: [{ name: 'b', $patch: 'delete' }] },
    { merged: named('c', 'a') },
  ],
  'order leaves what only the server has in its place': [
    { merged: named('a', 'x', 'b', 'y') },
    { '$setElementOrder/merged': named('b', 'a') },
    { merged: named('x', 'b', 'a', 'y') },
  ],
  'order of a new list': [
    {},
    { '$setElementOrder/merged': named('a', 'b'), merged: named('a', 'b') },
    { merged: named('a', 'b') },
  ],
  'order of what is nowhere': [{ name: 'a' }, { '$setElementOrder/merged': named('a') }, { name: 'a' }],
  'order of scalars': [
    { joined: ['a', 'b', 'c'] },
    { '$setElementOrder/joined': ['c', 'd', 'a'], joined: ['d'] },
    { joined: ['b', 'c', 'd', 'a'] },
  ],
  'order with deletion of scalars': [
    { joined: ['a', 'b', 'c'] },
    { '$setElementOrder/joined': ['c', 'a'], '$deleteFromPrimitiveList/joined': ['b'] },
    { joined: ['c', 'a'] },
  ],
  'order with replace': [
    { merged: named('a', 'b') },
    {
      '$setElementOrder/merged': named('d', 'c'),
      merged: [{ $patch: 'replace' }, { name: 'd' }, { name: 'c' }],
    },
    { merged: named('d', 'c') },
  ],
  'order in a nested list': [
    { merged: [{ name: 'a', joined: ['x', 'y'] }] },
    { merged: [{ name: 'a', '$setElementOrder/joined': ['y', 'x'] }] },
    { merged: [{ name: 'a', joined: ['y', 'x'] }] },
  ],
};

const refused: RefusedCases = {
  'an order without a field': [
    { merged: named('a') },
    { $setElementOrder: [] },
    400,
    'invalid patch format of setElementOrder list',
  ],
  'an order that is no list': [
    { merged: named('a') },
    { '$setElementOrder/merged': 'a' },
    500,
    'expected a []interface {}, but received a string',
  ],
  'an order for an unknown field': [
    { name: 'a' },
    { '$setElementOrder/nothing': ['a'], nothing: ['a'] },
    500,
    'unable to find api field in struct Item for the json field "nothing"',
  ],
  'an order that the patch list does not follow': [
    { merged: named('a') },
    { '$setElementOrder/merged': named('a', 'b'), merged: named('b', 'a') },
    500,
    "The order in patch list:\n[map[name:b] map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:a] map[name:b]]\n",
  ],
  'an order that leaves out what the patch adds': [
    { joined: ['a'] },
    { '$setElementOrder/joined': ['a'], joined: ['b'] },
    500,
    "The order in patch list:\n[b]\n doesn't match $setElementOrder list:\n[a]\n",
  ],
  'an order without the merge key': [
    { merged: named('a') },
    { '$setElementOrder/merged': [{ value: '1' }] },
    500,
    'map: map[value:1] does not contain declared merge key: name',
  ],
  'an order of an empty list': [
    { merged: [] },
    { '$setElementOrder/merged': named('a') },
    500,
    'no elements in any of the given slices',
  ],
  'an order for a list that is a map': [
    { merged: {} },
    { '$setElementOrder/merged': named('a') },
    500,
    'expected a []interface {}, but received a map[string]interface {}',
  ],
};

describe('strategic merge: the order of lists', () => {
  testApplied(applied);
  testRefused(refused);
});
