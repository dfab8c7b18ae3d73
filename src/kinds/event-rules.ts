/**
 * Events have two faces, core/v1 and events.k8s.io/v1, and one stored form, the core one.
 * Source of rules and wording: pkg/apis/core/validation/events.go, pkg/apis/events/v1/conversion.go of Kubernetes.
 */

import { nameColumn, textColumn, timeSince, wide } from './columns.ts';
import { type FieldError, invalid, path, required } from './field.ts';
import type { CoreEvent } from './generated/types.ts';
import type { Column } from './kind.ts';
import { isDNS1123Subdomain, isQualifiedName } from './names.ts';
import type { AnyObject } from './object.ts';
import { semanticEqual } from './pod/equality.ts';

const shortTextBytesMax = 128;
const noteBytesMax = 1024;

function validateText(value: string, field: string, bytesMax: number): FieldError[] {
  return Buffer.byteLength(value) > bytesMax
    ? [invalid(path(field), '', `can have at most ${bytesMax} characters`)]
    : [];
}

const requiredText = (value: string, field: string): FieldError[] =>
  value === '' ? [required(path(field), '')] : [];

/** Events with an eventTime are of the new sort and must be complete. */
function validateNewEvent(event: CoreEvent, controllerField: string): FieldError[] {
  const { reportingComponent = '', reportingInstance = '', action = '', reason = '', message = '' } = event;
  return [
    ...requiredText(reportingComponent, controllerField),
    ...isQualifiedName(reportingComponent).map((each) =>
      invalid(path(controllerField), reportingComponent, each),
    ),
    ...requiredText(reportingInstance, 'reportingInstance'),
    ...validateText(reportingInstance, 'reportingInstance', shortTextBytesMax),
    ...requiredText(action, 'action'),
    ...validateText(action, 'action', shortTextBytesMax),
    ...requiredText(reason, 'reason'),
    ...validateText(reason, 'reason', shortTextBytesMax),
    ...validateText(message, 'message', noteBytesMax),
  ];
}

/** What both faces ask. `controllerField` is what the face calls the reporting controller. */
export function validateEvent(event: CoreEvent, controllerField: string): FieldError[] {
  const errors: FieldError[] = [];
  const namespace = event.metadata.namespace ?? '';
  const about = event.involvedObject?.namespace ?? '';
  const isNew = Boolean(event.eventTime);
  const homeless = ['', 'default', ...(isNew ? ['kube-system'] : [])];
  const matches = about === '' ? homeless.includes(namespace) : isNew || about === namespace;
  if (!matches)
    errors.push(invalid(path('involvedObject', 'namespace'), about, 'does not match event.namespace'));
  if (isNew) errors.push(...validateNewEvent(event, controllerField));
  for (const message of isDNS1123Subdomain(namespace))
    errors.push(invalid(path('namespace'), namespace, message));
  return errors;
}

function validateSeries(event: CoreEvent): FieldError[] {
  if (!event.series) return [];
  const errors: FieldError[] = [];
  if ((event.series.count ?? 0) < 2) errors.push(invalid(path('series.count'), '', 'should be at least 2'));
  if (!event.series.lastObservedTime) errors.push(required(path('series.lastObservedTime'), ''));
  return errors;
}

/** What events.k8s.io asks of a new event beyond that: no deprecated fields. */
export function validateStrictEvent(event: CoreEvent): FieldError[] {
  const errors = validateSeries(event);
  const unset = (field: string): FieldError => invalid(path(field), '', 'needs to be unset');
  if (!event.eventTime) errors.push(required(path('eventTime'), ''));
  if (event.type !== 'Normal' && event.type !== 'Warning')
    errors.push(invalid(path('type'), '', `has invalid value: ${event.type ?? ''}`));
  if (event.firstTimestamp) errors.push(unset('firstTimestamp'));
  if (event.lastTimestamp) errors.push(unset('lastTimestamp'));
  if (event.count) errors.push(unset('count'));
  if (event.source?.component || event.source?.host) errors.push(unset('source'));
  return errors;
}

const immutableFields = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'type',
  'eventTime',
  'action',
  'related',
  'reportingComponent',
  'reportingInstance',
] as const;

/** Through events.k8s.io only the series may change. */
export function validateStrictEventUpdate(event: CoreEvent, old: CoreEvent): FieldError[] {
  const errors = semanticEqual(event.series, old.series) ? [] : validateSeries(event);
  for (const field of immutableFields) {
    if (semanticEqual(event[field] || undefined, old[field] || undefined)) continue;
    const name = field === 'reportingComponent' ? 'reportingController' : field;
    errors.push(invalid(path(name), event[field] ?? null, 'field is immutable'));
  }
  return errors;
}

/** The fields that bear another name in events.k8s.io, by their name in core. */
const otherNames: readonly (readonly [string, string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];
const toEventsNames = new Map(otherNames);
const toCoreNames = new Map(otherNames.map(([core, events]) => [events, core]));

function rename(object: AnyObject, names: ReadonlyMap<string, string>, apiVersion: string): AnyObject {
  const renamed = Object.fromEntries(
    Object.entries(object).map(([field, value]) => [names.get(field) ?? field, value]),
  );
  return { ...(renamed as AnyObject), apiVersion, kind: 'Event' };
}

export const toCoreEvent = (event: AnyObject): AnyObject => rename(event, toCoreNames, 'v1');

export const fromCoreEvent = (event: AnyObject): AnyObject =>
  rename(event, toEventsNames, 'events.k8s.io/v1');

/** `regarding.name` -> `involvedObject.name` */
export function toCoreField(field: string): string {
  const [first = '', ...rest] = field.split('.');
  return [toCoreNames.get(first) ?? first, ...rest].join('.');
}

export function eventSelectableFields(event: CoreEvent): Record<string, string> {
  const about = event.involvedObject ?? {};
  return {
    'involvedObject.kind': about.kind ?? '',
    'involvedObject.namespace': about.namespace ?? '',
    'involvedObject.name': about.name ?? '',
    'involvedObject.uid': about.uid ?? '',
    'involvedObject.apiVersion': about.apiVersion ?? '',
    'involvedObject.resourceVersion': about.resourceVersion ?? '',
    'involvedObject.fieldPath': about.fieldPath ?? '',
    reason: event.reason ?? '',
    reportingComponent: event.reportingComponent ?? '',
    source: event.source?.component || (event.reportingComponent ?? ''),
    type: event.type ?? '',
  };
}

const firstSeen = (event: CoreEvent, now: number): string =>
  timeSince(event.firstTimestamp || event.eventTime || undefined, now);

function lastSeen(event: CoreEvent, now: number): string {
  if (event.series) return timeSince(event.series.lastObservedTime, now);
  return event.lastTimestamp ? timeSince(event.lastTimestamp, now) : firstSeen(event, now);
}

function objectCell({ involvedObject }: CoreEvent): string {
  const kind = (involvedObject?.kind ?? '').toLowerCase();
  return involvedObject?.name ? `${kind}/${involvedObject.name}` : kind;
}

function sourceCell(event: CoreEvent): string {
  const component = event.source?.component || (event.reportingComponent ?? '');
  const host = event.source?.host || (event.reportingInstance ?? '');
  return host === '' ? component : `${component}, ${host}`;
}

/** An event that happened once has no count. */
const countCell = (event: CoreEvent): number => (event.series ? (event.series.count ?? 0) : event.count || 1);

export const eventColumns: readonly Column<CoreEvent>[] = [
  textColumn<CoreEvent>('Last Seen', lastSeen),
  textColumn<CoreEvent>('Type', (event) => event.type ?? ''),
  textColumn<CoreEvent>('Reason', (event) => event.reason ?? ''),
  textColumn<CoreEvent>('Object', objectCell),
  wide(textColumn<CoreEvent>('Subobject', (event) => event.involvedObject?.fieldPath ?? '')),
  wide(textColumn<CoreEvent>('Source', sourceCell)),
  textColumn<CoreEvent>('Message', (event) => (event.message ?? '').trim()),
  wide(textColumn<CoreEvent>('First Seen', firstSeen)),
  wide(textColumn<CoreEvent>('Count', countCell)),
  wide(nameColumn) as Column<CoreEvent>,
];
