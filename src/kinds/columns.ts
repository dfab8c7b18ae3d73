/**
 * Printer columns and the cells they share.
 * Source of names and forms: pkg/printers/internalversion/printers.go of Kubernetes.
 */
import { humanDuration } from '../lib/duration.ts';
import type { LabelSelector } from './generated/types.ts';
import type { Cell, Column } from './kind.ts';
import type { KubeObject } from './object.ts';

export { humanDuration };

export const none = '<none>';
export const unset = '<unset>';
export const unknown = '<unknown>';

/** How long ago a timestamp was, `<unknown>` when it is absent. `now` is milliseconds since the epoch. */
export function timeSince(timestamp: string | undefined, now: number): string {
  const then = timestamp === undefined ? Number.NaN : Date.parse(timestamp);
  return Number.isNaN(then) ? unknown : humanDuration(now - then);
}

export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  of: (object) => object.metadata.name ?? '',
};

export const ageColumn: Column = {
  name: 'Age',
  type: 'string',
  of: (object, now) => timeSince(object.metadata.creationTimestamp, now),
};

/** A column of text. */
export function textColumn<Type extends KubeObject>(
  name: string,
  of: (object: Type, now: number) => Cell,
): Column<Type> {
  return { name, type: 'string', of };
}

/** A column of whole numbers. */
export function countColumn<Type extends KubeObject>(
  name: string,
  of: (object: Type, now: number) => Cell,
): Column<Type> {
  return { name, type: 'integer', of };
}

/** The same column, with `-o wide` only. */
export function wide<Type extends KubeObject>(column: Column<Type>): Column<Type> {
  return { ...column, priority: 1 };
}

/** `a=1,b=2` in the order of the keys; `<none>` when there are none. */
export function labelsCell(labels: Readonly<Record<string, string>> | undefined): string {
  const entries = Object.entries(labels ?? {}).sort(([left], [right]) => (left < right ? -1 : 1));
  return entries.length === 0 ? none : entries.map(([key, value]) => `${key}=${value}`).join(',');
}

const operators: Readonly<Record<string, string>> = { In: 'in', NotIn: 'notin' };

/** One expression of a selector as kubectl prints it: `tier in (a,b)`, `tier`, `!tier`. */
function expressionText(key: string, operator: string, values: readonly string[]): string {
  if (operator === 'Exists') return key;
  if (operator === 'DoesNotExist') return `!${key}`;
  return `${key} ${operators[operator] ?? operator} (${[...values].sort().join(',')})`;
}

/** `<none>` for no selector and for the empty one. Requirements stand in the order of their keys. */
export function selectorCell(selector: LabelSelector | undefined): string {
  const requirements = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({
    key,
    text: `${key}=${value}`,
  }));
  for (const { key, operator, values } of selector?.matchExpressions ?? [])
    requirements.push({ key, text: expressionText(key, operator, values ?? []) });
  requirements.sort((left, right) => (left.key === right.key ? 0 : left.key < right.key ? -1 : 1));
  return requirements.length === 0 ? none : requirements.map((each) => each.text).join(',');
}

/** What kinds without a printer of their own show in place of the age (rest.DefaultTableConvertor). */
export const createdAtColumn: Column = {
  name: 'Created At',
  type: 'date',
  of: (object) => object.metadata.creationTimestamp ?? null,
};

const accessModeShortNames: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

/** `RWO,ROX`, in a fixed order. */
export function accessModesCell(modes: readonly string[] | undefined): string {
  return Object.entries(accessModeShortNames)
    .filter(([mode]) => modes?.includes(mode))
    .map(([, shortName]) => shortName)
    .join(',');
}
