import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidatesOf } from './endpoint-candidates.ts';
import { at, draining, http, sliceOf } from './resolve-fixture.ts';

test('an endpoint carries what slices say of it', () => {
  const slices = [
    sliceOf([
      at('010.244.0.2', 'a', {
        conditions: draining,
        zone: 'east',
        hints: { forNodes: [{ name: 'a' }], forZones: [{ name: 'east' }] },
        targetRef: { kind: 'Pod', namespace: 'default', name: 'web-1' },
      }),
      at('10.244.0.3', 'b', { targetRef: { kind: 'Thing', name: 'x' } }),
    ]),
  ];
  assert.deepEqual(candidatesOf(http, { slices, node: { name: 'a' }, family: 'IPv4' }), {
    endpoints: [
      {
        family: 'IPv4',
        address: '10.244.0.2',
        port: 8080,
        state: 'ServingTerminating',
        isServing: true,
        isTerminating: true,
        isLocal: true,
        nodeName: 'a',
        zone: 'east',
        nodeHints: ['a'],
        zoneHints: ['east'],
        pod: 'default/web-1',
      },
      {
        family: 'IPv4',
        address: '10.244.0.3',
        port: 8080,
        state: 'Ready',
        isServing: true,
        isTerminating: false,
        isLocal: false,
        nodeName: 'b',
        zone: '',
        nodeHints: [],
        zoneHints: [],
        pod: '',
      },
    ],
    refused: [],
    isPortMissing: false,
  });
});
