import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CoreEvent } from '../kinds/generated/types.ts';
import { createManualClock } from '../lib/manual-clock.ts';
import { EventCorrelator } from './event-correlator.ts';

const event = (fields: Partial<CoreEvent>): CoreEvent => ({
  metadata: { namespace: 'default', name: `web.${fields.message}` },
  involvedObject: { kind: 'Pod', namespace: 'default', name: 'web', uid: 'u' },
  source: { component: 'test' },
  type: 'Normal',
  reason: 'Tested',
  message: 'x',
  count: 1,
  ...fields,
});

test('events are the same, similar or different by their fields', () => {
  const correlator = new EventCorrelator(createManualClock());
  const summary = (fields: Partial<CoreEvent>) => {
    const found = correlator.correlate(event(fields))?.event;
    return `${found?.count} ${found?.metadata.name}`;
  };
  assert.equal(summary({ message: 'a' }), '1 web.a');
  assert.equal(summary({ message: 'a' }), '2 web.a');
  assert.equal(summary({ message: 'b' }), '1 web.b');
  assert.equal(summary({ message: 'a', type: 'Warning' }), '1 web.a');
  assert.equal(summary({ message: 'a', reason: 'Other' }), '1 web.a');
  assert.equal(summary({ message: 'a', source: { component: 'test', host: 'node-1' } }), '1 web.a');
  assert.equal(summary({ message: 'a' }), '3 web.a');
});

test('what the server says counts: the next one goes on from there', () => {
  const correlator = new EventCorrelator(createManualClock());
  const first = correlator.correlate(event({}))!;
  correlator.remember(first.key, { ...first.event, metadata: { name: 'elsewhere' }, count: 7 });
  const second = correlator.correlate(event({}))?.event;
  assert.deepEqual([second?.count, second?.metadata.name], [8, 'elsewhere']);
});
