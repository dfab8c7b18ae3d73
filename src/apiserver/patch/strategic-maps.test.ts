import { describe } from 'node:test';
import {
  type AppliedCases,
  named,
  type RefusedCases,
  testApplied,
  testRefused,
} from './strategic-testing.ts';

const applied: AppliedCases = {
  // maps
  'an empty patch changes nothing': [{ name: 'a' }, {}, { name: 'a' }],
  'a scalar is added': [{ name: 'a' }, { value: '1' }, { name: 'a', value: '1' }],
  'a scalar is replaced': [{ value: '1' }, { value: '2' }, { value: '2' }],
  'null deletes a scalar': [{ name: 'a', value: '1' }, { value: null }, { name: 'a' }],
  'null for what is absent is nothing': [{ name: 'a' }, { value: null }, { name: 'a' }],
  'null deletes a map': [{ labels: { a: '1' } }, { labels: null }, {}],
  'null deletes a list': [{ merged: named('a') }, { merged: null }, {}],
  'a map is merged': [
    { labels: { a: '1', b: '2' } },
    { labels: { b: '3', c: '4' } },
    { labels: { a: '1', b: '3', c: '4' } },
  ],
  'a key of a map is deleted': [
    { labels: { a: '1', b: '2' } },
    { labels: { a: null } },
    { labels: { b: '2' } },
  ],
  'a new map loses its nulls': [{}, { labels: { a: '1', b: null } }, { labels: { a: '1' } }],
  'a new map loses its nulls in lists too': [
    {},
    { child: { atomic: [{ name: 'a', value: null }] } },
    { child: { atomic: [{ name: 'a' }] } },
  ],
  'a new map of nulls only is empty': [{}, { child: { value: null } }, { child: {} }],
  'a struct is merged': [
    { child: { name: 'a', value: '1' } },
    { child: { value: '2' } },
    { child: { name: 'a', value: '2' } },
  ],
  'structs in a map are merged': [
    { byName: { x: { value: '1', other: 'o' } } },
    { byName: { x: { value: '2' } } },
    { byName: { x: { value: '2', other: 'o' } } },
  ],
  'another type replaces': [{ free: { a: 1 } }, { free: 'text' }, { free: 'text' }],
  'a map replaces a scalar': [{ free: 1 }, { free: { a: null, b: 1 } }, { free: { b: 1 } }],
  'free JSON is merged': [
    { free: { a: { b: 1, c: 2 }, l: [1] } },
    { free: { a: { b: 3 }, l: [2] } },
    { free: { a: { b: 3, c: 2 }, l: [2] } },
  ],
  'hostile keys are data': [
    { labels: {} },
    JSON.parse('{"labels":{"__proto__":"x","constructor":"y"}}'),
    JSON.parse('{"labels":{"__proto__":"x","constructor":"y"}}'),
  ],
  'a hostile key is deleted': [
    JSON.parse('{"labels":{"__proto__":"x","a":"1"}}'),
    JSON.parse('{"labels":{"__proto__":null,"toString":null}}'),
    { labels: { a: '1' } },
  ],
  // $patch on maps
  '$patch replace replaces a map': [
    { labels: { a: '1' } },
    { labels: { $patch: 'replace', b: '2' } },
    { labels: { b: '2' } },
  ],
  '$patch delete empties a map': [{ labels: { a: '1' } }, { labels: { $patch: 'delete' } }, { labels: {} }],
  '$patch delete empties the whole': [{ name: 'a', value: '1' }, { $patch: 'delete' }, {}],
  '$patch replace replaces the whole': [
    { name: 'a', value: '1' },
    { $patch: 'replace', other: 'o' },
    { other: 'o' },
  ],
  'a new map with $patch is not kept': [{ name: 'a' }, { child: { $patch: 'delete' } }, { name: 'a' }],
  'a new map with $patch inside loses it': [
    {},
    { child: { name: 'a', labels: { $patch: 'replace', b: '2' } } },
    { child: { name: 'a' } },
  ],
  'patch strategy replace': [
    { replaced: { name: 'a', value: '1' } },
    { replaced: { value: '2' } },
    { replaced: { value: '2' } },
  ],
  // $retainKeys
  'retained keys stay, others go': [
    { strict: { name: 'a', value: '1', other: 'o' } },
    { strict: { $retainKeys: ['name', 'value'], value: '2' } },
    { strict: { name: 'a', value: '2' } },
  ],
  'retained keys and a null': [
    { strict: { name: 'a', value: '1' } },
    { strict: { $retainKeys: ['name'], value: null } },
    { strict: { name: 'a' } },
  ],
  'retained keys work on any map': [
    { child: { name: 'a', value: '1' } },
    { child: { $retainKeys: ['name'] } },
    { child: { name: 'a' } },
  ],
  'no retained key empties the map': [
    { strict: { name: 'a' } },
    { strict: { $retainKeys: [] } },
    { strict: {} },
  ],
  'retained keys in an element': [
    { strictMerged: [{ name: 'a', value: '1', other: 'o' }] },
    { strictMerged: [{ name: 'a', $retainKeys: ['name', 'value'], value: '2' }] },
    { strictMerged: [{ name: 'a', value: '2' }] },
  ],
};

const refused: RefusedCases = {
  'an unknown directive in a map': [
    { labels: {} },
    { labels: { $patch: 7 } },
    500,
    'unknown patch type: %!s(int64=7) in map: map[$patch:7]',
  ],
  'retained keys that are no list': [
    { strict: { name: 'a' } },
    { strict: { $retainKeys: 'name' } },
    400,
    'invalid patch format of retainKeys',
  ],
  'a field that is not retained': [
    { strict: { name: 'a' } },
    { strict: { $retainKeys: ['name'], value: '1' } },
    400,
    'invalid patch format of retainKeys',
  ],
};

describe('strategic merge of maps', () => {
  testApplied(applied);
  testRefused(refused);
});
