import {
  eventColumns,
  eventSelectableFields,
  fromCoreEvent,
  toCoreEvent,
  toCoreField,
  validateEvent,
  validateStrictEvent,
  validateStrictEventUpdate,
} from './event-rules.ts';
import type { CoreEvent, EventsEvent } from './generated/types.ts';
import { defineKind } from './kind.ts';
import type { AnyObject } from './object.ts';

const asCore = (event: EventsEvent): CoreEvent =>
  toCoreEvent(event as unknown as AnyObject) as unknown as CoreEvent;

export const event = defineKind<EventsEvent>({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  scope: 'Namespaced',
  schema: 'EventsEvent',
  shortNames: ['ev'],
  createOnUpdate: true,
  validate: (event) => validateEvent(asCore(event), 'reportingController'),
  validateCreate: (event) => validateStrictEvent(asCore(event)),
  validateUpdate: (event, old) => validateStrictEventUpdate(asCore(event), asCore(old)),
  selectableFields: (event) => {
    const fields = eventSelectableFields(asCore(event));
    const regarding = Object.entries(fields)
      .filter(([field]) => field.startsWith('involvedObject.'))
      .map(([field, value]) => [field.replace('involvedObject.', 'regarding.'), value]);
    const { reason = '', type = '', reportingComponent: reportingController = '' } = fields;
    return { ...Object.fromEntries(regarding), reason, reportingController, type };
  },
  columns: eventColumns.map((column) => ({
    ...column,
    of: (event: EventsEvent, now: number) => column.of(asCore(event), now),
  })),
  storedAs: {
    group: '',
    version: 'v1',
    kind: 'Event',
    toStored: toCoreEvent,
    fromStored: fromCoreEvent,
    storedField: toCoreField,
  },
  example: {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: 'web.2', namespace: 'default' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'example.com/controller',
    reportingInstance: 'controller-1',
    action: 'Starting',
    reason: 'Started',
    regarding: { apiVersion: 'v1', kind: 'Pod', name: 'web', namespace: 'default' },
    note: 'Started container web',
    type: 'Normal',
  },
});
