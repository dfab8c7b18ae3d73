import { describe } from 'node:test';
import {
  type AppliedCases,
  named,
  type RefusedCases,
  testApplied,
  testRefused,
} from './strategic-testing.ts';

const applied: AppliedCases = {
  // lists of structs with a merge key
  'an element is added in front': [
    { merged: named('a') },
    { merged: named('b') },
    { merged: named('b', 'a') },
  ],
  'an element is merged': [
    { merged: [{ name: 'a', value: '1', other: 'o' }] },
    { merged: [{ name: 'a', value: '2' }] },
    { merged: [{ name: 'a', value: '2', other: 'o' }] },
  ],
  'a field of an element is deleted': [
    { merged: [{ name: 'a', value: '1' }] },
    { merged: [{ name: 'a', value: null }] },
    { merged: named('a') },
  ],
  'a new list': [{}, { merged: named('a', 'b') }, { merged: named('a', 'b') }],
  'a new list loses its directives': [
    {},
    { merged: [{ $patch: 'delete', name: 'a' }, { name: 'b' }] },
    { merged: named('b') },
  ],
  'an empty list changes nothing': [{ merged: named('a') }, { merged: [] }, { merged: named('a') }],
  'two empty lists': [{ merged: [] }, { merged: [] }, { merged: [] }],
  'a list onto an empty one': [{ merged: [] }, { merged: named('b', 'a') }, { merged: named('b', 'a') }],
  'an element is deleted': [
    { merged: named('a', 'b', 'c') },
    { merged: [{ name: 'b', $patch: 'delete' }] },
    { merged: named('a', 'c') },
  ],
  'every element of the name is deleted': [
    { merged: [{ name: 'a', value: '1' }, { name: 'b' }, { name: 'a', value: '2' }] },
    { merged: [{ name: 'a', $patch: 'delete' }] },
    { merged: named('b') },
  ],
  'the last element is deleted': [
    { merged: named('a') },
    { merged: [{ name: 'a', $patch: 'delete' }] },
    { merged: [] },
  ],
  'deleting what is absent is nothing': [
    { merged: named('a') },
    { merged: [{ name: 'z', $patch: 'delete' }] },
    { merged: named('a') },
  ],
  'delete and add in one': [
    { merged: named('a', 'b') },
    { merged: [{ name: 'a', $patch: 'delete' }, { name: 'c' }] },
    { merged: named('c', 'b') },
  ],
  'delete and add of the same name': [
    { merged: [{ name: 'a', value: '1' }] },
    {
      merged: [
        { name: 'a', $patch: 'delete' },
        { name: 'a', other: 'o' },
      ],
    },
    { merged: [{ name: 'a', other: 'o' }] },
  ],
  'replace the list': [
    { merged: named('a', 'b') },
    { merged: [{ $patch: 'replace' }, { name: 'c' }] },
    { merged: named('c') },
  ],
  'replace the list, directive last': [
    { merged: named('a', 'b') },
    { merged: [{ name: 'c' }, { $patch: 'replace' }] },
    { merged: named('c') },
  ],
  'replace the list by nothing': [
    { merged: named('a', 'b') },
    { merged: [{ $patch: 'replace' }] },
    { merged: [] },
  ],
  'an element twice in the patch is merged twice': [
    { merged: [] },
    {
      merged: [
        { name: 'a', value: '1' },
        { name: 'a', other: 'o' },
      ],
    },
    { merged: [{ name: 'a', value: '1', other: 'o' }] },
  ],
  'the first of two equal names is merged': [
    {
      merged: [
        { name: 'a', value: '1' },
        { name: 'a', value: '2' },
      ],
    },
    { merged: [{ name: 'a', other: 'o' }] },
    {
      merged: [
        { name: 'a', value: '1', other: 'o' },
        { name: 'a', value: '2' },
      ],
    },
  ],
  'lists in lists': [
    { merged: [{ name: 'a', merged: [{ name: 'x', value: '1' }, { name: 'y' }] }, { name: 'b' }] },
    {
      merged: [
        {
          name: 'a',
          merged: [
            { name: 'x', value: '2' },
            { name: 'y', $patch: 'delete' },
          ],
        },
      ],
    },
    { merged: [{ name: 'a', merged: [{ name: 'x', value: '2' }] }, { name: 'b' }] },
  ],
  'a list below a struct': [
    { child: { merged: named('a') } },
    { child: { merged: [{ name: 'a', value: '1' }] } },
    { child: { merged: [{ name: 'a', value: '1' }] } },
  ],
  'numbers as merge keys of other types differ': [
    { merged: [{ name: 'a' }] },
    { merged: [{ name: 1 }] },
    { merged: [{ name: 1 }, { name: 'a' }] },
  ],
  'an element replaced as a whole': [
    { merged: [{ name: 'a', child: { name: 'x', value: '1' } }] },
    { merged: [{ name: 'a', child: { $patch: 'replace', value: '2' } }] },
    { merged: [{ name: 'a', child: { value: '2' } }] },
  ],
  // lists without merging
  'an atomic list of structs is replaced': [
    { atomic: named('a', 'b') },
    { atomic: named('c') },
    { atomic: named('c') },
  ],
  'an atomic list is emptied': [{ atomic: named('a') }, { atomic: [] }, { atomic: [] }],
  'a plain list is replaced': [{ plain: ['a', 'b'] }, { plain: ['c'] }, { plain: ['c'] }],
  // lists of scalars
  'scalars are joined': [{ joined: ['a', 'b'] }, { joined: ['c'] }, { joined: ['c', 'a', 'b'] }],
  'scalars are joined each once': [
    { joined: ['a', 'b', 'a'] },
    { joined: ['b', 'c'] },
    { joined: ['a', 'b', 'c'] },
  ],
  'numbers are joined': [{ joinedNumbers: [1, 2] }, { joinedNumbers: [2, 3] }, { joinedNumbers: [1, 2, 3] }],
  'a new list of scalars': [{}, { joined: ['b', 'a'] }, { joined: ['b', 'a'] }],
  'scalars are deleted': [
    { joined: ['a', 'b', 'c', 'a'] },
    { '$deleteFromPrimitiveList/joined': ['a', 'z'] },
    { joined: ['b', 'c'] },
  ],
  'numbers are deleted': [
    { joinedNumbers: [1, 2, 3] },
    { '$deleteFromPrimitiveList/joinedNumbers': [2] },
    { joinedNumbers: [1, 3] },
  ],
  'scalars are deleted and added': [
    { joined: ['a', 'b'] },
    { '$deleteFromPrimitiveList/joined': ['a'], joined: ['c'] },
    { joined: ['c', 'b'] },
  ],
  'deletion from a list that is absent': [
    { name: 'a' },
    { '$deleteFromPrimitiveList/joined': ['a'] },
    { name: 'a' },
  ],
  'deletion works on a plain list too': [
    { plain: ['a', 'b'] },
    { '$deleteFromPrimitiveList/plain': ['a'] },
    { plain: ['b'] },
  ],
  'deletion by null deletes the list': [{ joined: ['a'] }, { '$deleteFromPrimitiveList/joined': null }, {}],
};

const refused: RefusedCases = {
  'an element without its merge key': [
    { merged: named('a') },
    { merged: [{ value: '1', number: 2 }] },
    500,
    'map: map[number:2 value:1] does not contain declared merge key: name',
  ],
  'an empty element': [
    { merged: named('a') },
    { merged: [{}] },
    500,
    'map: map[] does not contain declared merge key: name',
  ],
  'a stored element without its merge key': [
    { merged: [{ value: '1' }] },
    { merged: named('a') },
    500,
    'map: map[value:1] does not contain declared merge key: name',
  ],
  'a deletion without the merge key': [
    { merged: named('a') },
    { merged: [{ $patch: 'delete' }] },
    500,
    'map: map[$patch:delete] does not contain declared merge key: name',
  ],
  'an unknown directive in a list': [
    { merged: named('a') },
    { merged: [{ name: 'a', $patch: 'turn' }] },
    500,
    'unknown patch type: turn in map: map[$patch:turn name:a]',
  ],
  '$patch merge in a list': [
    { merged: named('a') },
    { merged: [{ name: 'a', $patch: 'merge' }] },
    500,
    'merging lists cannot yet be specified in the patch',
  ],
  'lists of lists': [
    { joined: ['a'] },
    { joined: [['b']] },
    500,
    'list element types are not identical: [[a] [[b]]]',
  ],
  'lists of lists only': [{ joined: [] }, { joined: [['b']] }, 422, 'lists of lists are not supported'],
  'elements of two types': [
    { merged: named('a') },
    { merged: ['b'] },
    500,
    'list element types are not identical: [[map[name:a]] [b]]',
  ],
  'no merge key declared': [
    { keyless: named('a') },
    { keyless: named('b') },
    500,
    'cannot merge lists without merge key for struct',
  ],
  'a deletion without a field': [
    { joined: ['a'] },
    { $deleteFromPrimitiveList: ['a'] },
    400,
    'invalid patch format of primitive list',
  ],
};

describe('strategic merge of lists', () => {
  testApplied(applied);
  testRefused(refused);
});
