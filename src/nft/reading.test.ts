import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseListing } from './reading.ts';

test('what nft lists, element by element', () => {
  const listing = {
    nftables: [
      { metainfo: { version: '1.0.6' } },
      { table: { family: 'ip', name: 'wherry' } },
      { chain: { name: 'far' } },
      { chain: { name: 'empty' } },
      { rule: { chain: 'far', expr: [] } },
      { rule: { chain: 'far', expr: [] } },
      { set: { name: 'addresses', elem: ['10.96.0.1'] } },
      { set: { name: 'none' } },
      {
        set: {
          name: 'ranges',
          elem: [{ prefix: { addr: '10.96.0.0', len: 16 } }, { range: ['10.0.0.1', '10.0.0.3'] }],
        },
      },
      {
        map: {
          name: 'services',
          elem: [
            [{ concat: ['10.96.0.1', 'tcp', 80] }, { goto: { target: 'dispatch-2' } }],
            [{ concat: ['10.96.0.2', 'udp', 53] }, { drop: null }],
          ],
        },
      },
      { map: { name: 'affinity', elem: [[{ elem: { val: '10.0.0.1', timeout: 60, expires: 5 } }, 49153]] } },
    ],
  };
  assert.deepEqual(parseListing(JSON.stringify(listing)), {
    chains: new Map([
      ['far', 2],
      ['empty', 0],
    ]),
    sets: new Map([
      ['addresses', new Map([['10.96.0.1', '']])],
      ['none', new Map()],
      [
        'ranges',
        new Map([
          ['10.96.0.0/16', ''],
          ['10.0.0.1-10.0.0.3', ''],
        ]),
      ],
      [
        'services',
        new Map([
          ['10.96.0.1 . tcp . 80', 'goto dispatch-2'],
          ['10.96.0.2 . udp . 53', 'drop'],
        ]),
      ],
      ['affinity', new Map([['10.0.0.1', '49153']])],
    ]),
  });
});
