import { eventColumns, eventSelectableFields, validateEvent } from './event-rules.ts';
import type { CoreEvent } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { isPathSegmentName } from './names.ts';

export const coreEvent = defineKind<CoreEvent>({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  scope: 'Namespaced',
  schema: 'CoreEvent',
  shortNames: ['ev'],
  createOnUpdate: true,
  validateName: isPathSegmentName,
  validate: (event) => validateEvent(event, 'reportingComponent'),
  selectableFields: eventSelectableFields,
  columns: eventColumns,
  example: {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'web.1', namespace: 'default' },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', name: 'web', namespace: 'default' },
    reason: 'Started',
    message: 'Started container web',
    type: 'Normal',
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:01:00Z',
    count: 3,
    source: { component: 'kubelet', host: 'node-1' },
  },
});
