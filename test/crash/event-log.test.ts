/** The checks of what a watch shows: what they let pass, and what they do not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareHistory, EventLog, type SeenEvent, selectEvents } from './event-log.ts';
import type { Change, Happened } from './ledger.ts';

const object = (name: string, revision: number, clusterIP?: string) => ({
  metadata: {
    name,
    namespace: 'default',
    resourceVersion: `${revision}`,
    annotations: { 'crash-test/token': `token-${revision}` },
  },
  ...(clusterIP === undefined ? {} : { spec: { clusterIP } }),
});
const line = (type: string, name: string, revision: number, clusterIP?: string) =>
  JSON.stringify({ type, object: object(name, revision, clusterIP) });

const streams: Record<string, { lines: string[]; faults: string[] }> = {
  'one object from end to end': {
    lines: [
      line('ADDED', 'b', 6),
      line('MODIFIED', 'b', 7),
      line('DELETED', 'b', 9),
      line('BOOKMARK', '', 12),
    ],
    faults: [],
  },
  'an event twice': {
    lines: [line('MODIFIED', 'a', 6), line('MODIFIED', 'a', 6)],
    faults: ['MODIFIED default/a with revision 6, not above 6'],
  },
  'events out of order': {
    lines: [line('MODIFIED', 'a', 7), line('ADDED', 'b', 6)],
    faults: ['ADDED default/b with revision 6, not above 7'],
  },
  'an add that was missed': {
    lines: [line('MODIFIED', 'b', 6)],
    faults: ['MODIFIED default/b at 6, which was not there'],
  },
  'a delete that was missed': {
    lines: [line('ADDED', 'a', 6)],
    faults: ['ADDED default/a at 6, which was there'],
  },
  'an address that two have': {
    lines: [line('ADDED', 'b', 6, '10.96.0.5')],
    faults: ['10.96.0.5 was given to default/b at 6, and default/a has it since 3'],
  },
  'an address that goes from one to the next': {
    lines: [line('DELETED', 'a', 6, '10.96.0.5'), line('ADDED', 'b', 7, '10.96.0.5')],
    faults: [],
  },
  'a bookmark of the past': { lines: [line('BOOKMARK', '', 3)], faults: ['a bookmark of 3 after 5'] },
  'an error': {
    lines: ['{"type":"ERROR","object":{"code":410}}'],
    faults: ['{"type":"ERROR","object":{"code":410}} after 5'],
  },
};
for (const [name, { lines, faults }] of Object.entries(streams))
  test(`a watch shows ${name}`, () => {
    const log = new EventLog('services', 5, [object('a', 3, '10.96.0.5')]);
    for (const one of lines) log.take(one);
    assert.deepEqual(
      log.faults,
      faults.map((fault) => `watch of services: ${fault}`),
    );
  });

const seen = (type: Change, revision: number, side = 'left'): SeenEvent => ({
  type,
  key: 'default/a',
  revision,
  token: `token-${revision}`,
  holds: [],
  labels: { side },
});

test('with a selector, what comes to match is added and what ceases to is deleted', () => {
  const events = [
    seen('ADDED', 1, 'right'),
    seen('MODIFIED', 2),
    seen('MODIFIED', 3),
    seen('MODIFIED', 4, 'right'),
    seen('MODIFIED', 5),
    seen('DELETED', 6),
  ];
  assert.deepEqual(
    selectEvents(events, ({ labels }) => labels.side === 'left').map((event) => [
      event.type,
      event.revision,
      event.token,
    ]),
    [
      ['ADDED', 2, 'token-2'],
      ['MODIFIED', 3, 'token-3'],
      ['DELETED', 4, 'token-3'],
      ['ADDED', 5, 'token-5'],
      ['DELETED', 6, 'token-5'],
    ],
  );
});

const wrote = (type: Change, revision: number | undefined, token = `token-${revision}`): Happened => ({
  type,
  token,
  revision,
  holds: [],
});
const written = [wrote('ADDED', 1), wrote('DELETED', undefined, 'token-1'), wrote('ADDED', 7)];
const shown = [seen('ADDED', 1), { ...seen('DELETED', 4), token: 'token-1' }, seen('ADDED', 7)];
const histories: Record<string, { seen: SeenEvent[]; differs: boolean }> = {
  'all of it': { seen: shown, differs: false },
  'a write without its event': { seen: [shown[0]!, shown[2]!], differs: true },
  'the last write without its event': { seen: shown.slice(0, 2), differs: true },
  'an event without a write': { seen: [...shown, seen('MODIFIED', 8)], differs: true },
  'another revision than was acknowledged': {
    seen: [...shown.slice(0, 2), { ...shown[2]!, revision: 8 }],
    differs: true,
  },
  'another port than was acknowledged': {
    seen: [...shown.slice(0, 2), { ...shown[2]!, holds: ['30000'] }],
    differs: true,
  },
};
for (const [name, { seen: events, differs }] of Object.entries(histories))
  test(`a history beside what was written: ${name}`, () =>
    assert.equal(compareHistory('default/a', written, events).length, differs ? 1 : 0));
