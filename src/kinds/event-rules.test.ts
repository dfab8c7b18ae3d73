import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { coreEvent } from './event.ts';
import { fromCoreEvent, toCoreEvent } from './event-rules.ts';
import { event } from './events-event.ts';
import type { CoreEvent, EventsEvent } from './generated/types.ts';
import { createErrors, row, updateErrors } from './test-kit.ts';

const metadata = { name: 'web.1', namespace: 'default' };
const involvedObject = { kind: 'Pod', name: 'web', namespace: 'default' };
const now = Date.parse('2026-01-01T01:00:00Z');

const complete: EventsEvent = {
  metadata,
  eventTime: '2026-01-01T00:00:00.000000Z',
  reportingController: 'example.com/controller',
  reportingInstance: 'controller-1',
  action: 'Starting',
  reason: 'Started',
  regarding: involvedObject,
  type: 'Normal',
};

describe('events of core/v1', () => {
  test('stand in the namespace of what they are about', () => {
    const other = { metadata, involvedObject: { ...involvedObject, namespace: 'other' } };
    const message = (value: string): string[] => [
      `involvedObject.namespace: Invalid value: "${value}": does not match event.namespace`,
    ];
    assert.deepEqual(createErrors(coreEvent, other as CoreEvent), message('other'));
    const ofNode = (namespace: string): CoreEvent => ({
      metadata: { name: 'n', namespace },
      involvedObject: { kind: 'Node', name: 'node-1' },
    });
    assert.deepEqual(createErrors(coreEvent, ofNode('default')), []);
    assert.deepEqual(createErrors(coreEvent, ofNode('kube-system')), message(''));
  });

  test('with an eventTime are complete', () => {
    const object: CoreEvent = {
      metadata,
      involvedObject,
      eventTime: '2026-01-01T00:00:00.000000Z',
      message: 'x'.repeat(1025),
      reportingComponent: 'controller',
    };
    assert.deepEqual(createErrors(coreEvent, object), [
      'reportingInstance: Required value',
      'action: Required value',
      'reason: Required value',
      'message: Invalid value: "": can have at most 1024 characters',
    ]);
  });

  test('the row of an event that happened often, and of one of the new sort', () => {
    const old: CoreEvent = {
      metadata,
      involvedObject: { ...involvedObject, fieldPath: 'spec.containers{web}' },
      type: 'Warning',
      reason: 'BackOff',
      message: ' Back-off restarting\n',
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:59:30Z',
      count: 7,
      source: { component: 'kubelet', host: 'node-1' },
    };
    assert.deepEqual(row(coreEvent, old, now), {
      'Last Seen': '30s',
      Type: 'Warning',
      Reason: 'BackOff',
      Object: 'pod/web',
      Subobject: 'spec.containers{web}',
      Source: 'kubelet, node-1',
      Message: 'Back-off restarting',
      'First Seen': '60m',
      Count: 7,
      Name: 'web.1',
    });
    assert.deepEqual(row(event, { ...complete, note: 'Started' } as EventsEvent, now), {
      'Last Seen': '60m',
      Type: 'Normal',
      Reason: 'Started',
      Object: 'pod/web',
      Subobject: '',
      Source: 'example.com/controller, controller-1',
      Message: 'Started',
      'First Seen': '60m',
      Count: 1,
      Name: 'web.1',
    });
    const series = { count: 4, lastObservedTime: '2026-01-01T00:59:00.000000Z' };
    const cells = row(event, { ...complete, series } as EventsEvent, now);
    assert.deepEqual([cells['Last Seen'], cells.Count], ['60s', 4]);
  });

  test('select by what they are about', () => {
    const fields = coreEvent.selectableFields?.({
      metadata,
      involvedObject,
      reason: 'x',
      reportingComponent: 'c',
    } as CoreEvent);
    assert.deepEqual(fields, {
      'involvedObject.kind': 'Pod',
      'involvedObject.namespace': 'default',
      'involvedObject.name': 'web',
      'involvedObject.uid': '',
      'involvedObject.apiVersion': '',
      'involvedObject.resourceVersion': '',
      'involvedObject.fieldPath': '',
      reason: 'x',
      reportingComponent: 'c',
      source: 'c',
      type: '',
    });
  });
});

describe('events of events.k8s.io/v1', () => {
  test('are stored as events of core/v1, and come back', () => {
    const stored = toCoreEvent({ ...complete, note: 'Started' } as never);
    assert.deepEqual(stored, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata,
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingComponent: 'example.com/controller',
      reportingInstance: 'controller-1',
      action: 'Starting',
      reason: 'Started',
      involvedObject,
      type: 'Normal',
      message: 'Started',
    });
    const back = fromCoreEvent(stored);
    assert.deepEqual(back, { apiVersion: 'events.k8s.io/v1', kind: 'Event', ...complete, note: 'Started' });
  });

  test('have no deprecated fields when new', () => {
    const object = {
      ...complete,
      type: 'Odd',
      deprecatedCount: 2,
      deprecatedFirstTimestamp: '2026-01-01T00:00:00Z',
      deprecatedLastTimestamp: '2026-01-01T00:00:00Z',
      deprecatedSource: { component: 'x' },
      series: { count: 1 },
    };
    const unset = 'Invalid value: "": needs to be unset';
    assert.deepEqual(createErrors(event, object as EventsEvent), [
      'series.count: Invalid value: "": should be at least 2',
      'series.lastObservedTime: Required value',
      'type: Invalid value: "": has invalid value: Odd',
      `firstTimestamp: ${unset}`,
      `lastTimestamp: ${unset}`,
      `count: ${unset}`,
      `source: ${unset}`,
    ]);
  });

  test('change in their series alone', () => {
    const series = { count: 2, lastObservedTime: '2026-01-01T00:01:00.000000Z' };
    assert.deepEqual(updateErrors(event, { ...complete, series } as EventsEvent, complete), []);
    assert.deepEqual(updateErrors(event, { ...complete, reason: 'Stopped' } as EventsEvent, complete), [
      'reason: Invalid value: "Stopped": field is immutable',
    ]);
  });
});
