import { compareQuantity, milliValue, type Quantity, quantityOf } from '../lib/quantity.ts';
import { createdAtColumn, nameColumn } from './columns.ts';
import { duplicate, type FieldError, forbidden, invalid, type Path, path, required } from './field.ts';
import type { LimitRange, LimitRangeItem } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { isQualifiedName } from './names.ts';
import { setOwn } from './object.ts';
import {
  isContainerResource,
  isExtendedResource,
  isNativeResource,
  isOvercommitAllowed,
} from './pod/resource-names.ts';
import { resourceEntries, validateResourceName } from './quantities.ts';

const standardTypes = new Set(['Pod', 'Container', 'PersistentVolumeClaim']);
const one = quantityOf(1);

type Amounts = ReadonlyMap<string, Quantity>;

function validateType(type: string, at: Path): FieldError[] {
  const errors = isQualifiedName(type).map((message) => invalid(at, type, message));
  if (errors.length > 0 || type.includes('/') || standardTypes.has(type)) return errors;
  return [invalid(at, type, 'must be a standard limit type or fully qualified')];
}

function validateName(type: string, name: string, at: Path): FieldError[] {
  const errors = validateResourceName(name, at);
  if (type !== 'Pod' && type !== 'Container') return errors;
  if (!name.includes('/')) {
    if (!isContainerResource(name))
      errors.push(invalid(at, name, 'must be a standard resource for containers'));
  } else if (!isNativeResource(name) && !isExtendedResource(name))
    errors.push(invalid(at, name, "doesn't follow extended resource name standard"));
  return errors;
}

/** The comparisons of one resource: `low` must not exceed `high`. */
interface Order {
  low: keyof LimitRangeItem;
  high: keyof LimitRangeItem;
  /** Where the error is reported, and which of the two values it shows. */
  field: keyof LimitRangeItem;
  shows: 'low' | 'high';
  names: readonly [string, string];
}

const orders: readonly Order[] = [
  { low: 'min', high: 'max', field: 'min', shows: 'low', names: ['min', 'max'] },
  {
    low: 'min',
    high: 'defaultRequest',
    field: 'defaultRequest',
    shows: 'high',
    names: ['min', 'default request'],
  },
  {
    low: 'defaultRequest',
    high: 'max',
    field: 'defaultRequest',
    shows: 'low',
    names: ['default request', 'max'],
  },
  {
    low: 'defaultRequest',
    high: 'default',
    field: 'defaultRequest',
    shows: 'low',
    names: ['default request', 'default limit'],
  },
  { low: 'min', high: 'default', field: 'default', shows: 'low', names: ['min', 'default'] },
  { low: 'default', high: 'max', field: 'default', shows: 'high', names: ['default', 'max'] },
];

/** Go prints a float with six decimals; a minimum of zero gives infinity. */
const printRatio = (ratio: number): string =>
  Number.isFinite(ratio) ? ratio.toFixed(6) : ratio > 0 ? '+Inf' : 'NaN';

function validateRatio(ratio: Quantity, bounds: { min?: Quantity; max?: Quantity }, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  if (compareQuantity(ratio, one) < 0)
    errors.push(invalid(at, ratio.text, `ratio ${ratio.text} is less than 1`));
  if (bounds.min === undefined || bounds.max === undefined) return errors;
  const highest = Number(milliValue(bounds.max)) / Number(milliValue(bounds.min));
  if (Number(milliValue(ratio)) / 1000 > highest)
    errors.push(
      invalid(at, ratio.text, `ratio ${ratio.text} is greater than max/min = ${printRatio(highest)}`),
    );
  return errors;
}

const amountFields = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
type AmountField = (typeof amountFields)[number];

function validateResource(name: string, amounts: Record<AmountField, Amounts>, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const of = (field: keyof LimitRangeItem): Quantity | undefined => amounts[field as AmountField].get(name);
  for (const { low, high, field, shows, names } of orders) {
    const [lower, upper] = [of(low), of(high)];
    if (lower === undefined || upper === undefined || compareQuantity(lower, upper) <= 0) continue;
    const shown = shows === 'low' ? lower : upper;
    const detail = `${names[0]} value ${lower.text} is greater than ${names[1]} value ${upper.text}`;
    errors.push(invalid(at.child(field).key(name), shown.text, detail));
  }
  const ratio = of('maxLimitRequestRatio');
  if (ratio !== undefined) {
    const bounds = { min: of('min'), max: of('max') };
    errors.push(...validateRatio(ratio, bounds, at.child('maxLimitRequestRatio').key(name)));
  }
  const [request, limit] = [of('defaultRequest'), of('default')];
  if (!isOvercommitAllowed(name) && request !== undefined && limit !== undefined)
    if (compareQuantity(request, limit) !== 0)
      errors.push(
        invalid(
          at.child('defaultRequest').key(name),
          request.text,
          `default value ${limit.text} must equal to defaultRequest value ${request.text} in ${name}`,
        ),
      );
  return errors;
}

function validateItem(item: LimitRangeItem, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const isPod = item.type === 'Pod';
  const amounts = {} as Record<AmountField, Amounts>;
  const names = new Set<string>();
  for (const field of amountFields) {
    const forPodsToo = field !== 'default' && field !== 'defaultRequest';
    const entries = isPod && !forPodsToo ? [] : resourceEntries(item[field]);
    if (isPod && !forPodsToo && Object.keys(item[field] ?? {}).length > 0)
      errors.push(forbidden(at.child(field), "may not be specified when `type` is 'Pod'"));
    if (field === 'maxLimitRequestRatio' && item.type === 'PersistentVolumeClaim')
      if (!Object.hasOwn(item.min ?? {}, 'storage') && !Object.hasOwn(item.max ?? {}, 'storage'))
        errors.push(
          required(
            at.child('limits'),
            'either minimum or maximum storage value is required, but neither was provided',
          ),
        );
    for (const [name] of entries) {
      errors.push(...validateName(item.type, name, at.child(field).key(name)));
      names.add(name);
    }
    amounts[field] = new Map(entries);
  }
  for (const name of [...names].sort()) errors.push(...validateResource(name, amounts, at));
  return errors;
}

function validate(limitRange: LimitRange): FieldError[] {
  const types = new Set<string>();
  return (limitRange.spec?.limits ?? []).flatMap((item, index) => {
    const at = path('spec', 'limits').index(index);
    const errors = validateType(item.type ?? '', at.child('type'));
    if (types.has(item.type)) errors.push(duplicate(at.child('type'), item.type));
    types.add(item.type);
    return [...errors, ...validateItem(item, at)];
  });
}

/** Fills what `target` does not have. */
function fill(target: Record<string, string>, source: Readonly<Record<string, string>> | undefined): void {
  for (const [name, text] of Object.entries(source ?? {}))
    if (!Object.hasOwn(target, name)) setOwn(target, name, text);
}

/** For containers a limit is the maximum unless said, a request the limit, or the minimum. */
function defaults(limitRange: LimitRange): void {
  limitRange.spec ??= { limits: [] };
  limitRange.spec.limits ??= [];
  for (const item of limitRange.spec.limits) {
    if (item.type !== 'Container') continue;
    const limits = { ...item.default };
    fill(limits, item.max);
    const requests = { ...item.defaultRequest };
    fill(requests, limits);
    fill(requests, item.min);
    if (Object.keys(limits).length > 0) item.default = limits;
    if (Object.keys(requests).length > 0) item.defaultRequest = requests;
  }
}

export const limitRange = defineKind<LimitRange>({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  scope: 'Namespaced',
  shortNames: ['limits'],
  createOnUpdate: true,
  defaults,
  validate,
  columns: [nameColumn, createdAtColumn],
  example: {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'limits', namespace: 'default' },
    spec: { limits: [{ type: 'Container', max: { cpu: '1' }, min: { cpu: '100m' } }] },
  },
});
