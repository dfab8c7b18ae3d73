/** The query parameters of LIST and WATCH, checked. Source of rules and wording: k8s.io/apimachinery meta/internalversion/validation. */
import { type FieldError, forbidden, notSupported, path } from '../../kinds/field.ts';
import type { Kind } from '../../kinds/kind.ts';
import {
  checkSelectableFields,
  type FieldRequirement,
  type LabelRequirement,
  matchesFields,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
  SelectorError,
} from '../../kinds/selector.ts';
import { badRequestError, invalidError, StatusError } from '../../kinds/status.ts';
import type { CachedObject } from '../cache/cached-object.ts';
import type { ResourceRequest } from '../context.ts';
import { isTrue } from '../request-info.ts';
import { decodeContinue } from './continue.ts';

export interface ListOptions {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  /** Undefined: everything matches. */
  readonly matches: ((object: CachedObject) => boolean) | undefined;
  /** 0: no limit. */
  readonly limit: number;
  readonly continueToken: string;
  /** '' when not given. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly timeoutSeconds: number | undefined;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
}

/** Leading zeros are legal; nobody sends a thousand of them. */
const integerDigitsMax = 100;

/** A 64-bit integer, beyond 2^53 rounded: as a limit or a time both are endless. Throws 400. */
function integer(request: ResourceRequest, name: string): number | undefined {
  const text = request.info.query.get(name);
  if (text === null || text === '') return undefined;
  const refuse = (why: string) =>
    badRequestError(
      `unable to convert parameter ${name}: strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`,
    );
  if (!/^[+-]?\d+$/.test(text)) throw refuse('invalid syntax');
  // More digits are not worth turning into a number.
  if (text.length > integerDigitsMax) throw refuse('value out of range');
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  if (BigInt.asIntN(64, value) !== value) throw refuse('value out of range');
  return Number(value);
}

/** A resourceVersion is a decimal integer, or empty. Throws 400. */
export function parseRevision(text: string): number {
  if (text === '') return 0;
  if (!/^\d{1,15}$/.test(text))
    throw badRequestError(
      `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  return Number(text);
}

/** Fields that every object has, and those of its kind. */
function fieldsOf(object: CachedObject): Record<string, string> {
  return { ...object.fields, 'metadata.name': object.name, 'metadata.namespace': object.namespace };
}

function parseSelectors(
  kind: Kind,
  texts: { label: string; field: string },
): { labels: LabelRequirement[]; fields: FieldRequirement[] } {
  try {
    const labels = parseLabelSelector(texts.label);
    const fields = parseFieldSelector(texts.field);
    if (fields.length > 0) {
      const selectable = kind.selectableFields && Object.keys(kind.selectableFields(kind.example));
      checkSelectableFields(fields, { kind: kind.kind, scope: kind.scope, selectable });
    }
    // Objects are looked at as they are stored.
    const { storedField } = kind.storedAs ?? {};
    if (storedField === undefined) return { labels, fields };
    return { labels, fields: fields.map((each) => ({ ...each, field: storedField(each.field) })) };
  } catch (error) {
    if (error instanceof SelectorError) throw badRequestError(error.message);
    throw error;
  }
}

function matcher(labels: LabelRequirement[], fields: FieldRequirement[]): ListOptions['matches'] {
  if (labels.length === 0 && fields.length === 0) return undefined;
  return (object) =>
    (labels.length === 0 || matchesLabels(labels, object.labels ?? {})) &&
    (fields.length === 0 || matchesFields(fields, fieldsOf(object)));
}

function checkWatchMatch(options: ListOptions): FieldError[] {
  const at = path('resourceVersionMatch');
  const { resourceVersionMatch: match, sendInitialEvents } = options;
  const errors: FieldError[] = [];
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan')
    errors.push(forbidden(at, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  if (match === '') return errors;
  if (sendInitialEvents === undefined)
    errors.push(
      forbidden(at, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
    );
  if (match !== 'NotOlderThan') errors.push(notSupported(at, match, ['NotOlderThan']));
  if (options.continueToken !== '')
    errors.push(forbidden(at, 'resourceVersionMatch is forbidden when continue is provided'));
  return errors;
}

function checkListMatch(options: ListOptions): FieldError[] {
  const at = path('resourceVersionMatch');
  const { resourceVersion, resourceVersionMatch: match } = options;
  const errors: FieldError[] = [];
  if (match !== '') {
    if (resourceVersion === '')
      errors.push(forbidden(at, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (options.continueToken !== '')
      errors.push(forbidden(at, 'resourceVersionMatch is forbidden when continue is provided'));
    if (match !== 'Exact' && match !== 'NotOlderThan')
      errors.push(notSupported(at, match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && resourceVersion === '0')
      errors.push(forbidden(at, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (options.sendInitialEvents !== undefined)
    errors.push(forbidden(path('sendInitialEvents'), 'sendInitialEvents is forbidden for list'));
  return errors;
}

/** A watch of one object may select that one once more, but no other. The selector can be read. Throws 400. */
function checkNamed(selector: string, name: string): void {
  const again = parseFieldSelector(selector).find(
    ({ field, operator }) => field === 'metadata.name' && operator === '=',
  );
  if (again?.value !== name)
    throw badRequestError("fieldSelector metadata.name doesn't match requested name");
}

/** Throws 400 for what cannot be read, 422 for combinations that are not allowed. */
export function parseListOptions(request: ResourceRequest): ListOptions {
  const { query, verb, name } = request.info;
  const watch = verb === 'watch';
  const labelSelector = query.get('labelSelector') ?? '';
  const asked = query.get('fieldSelector') ?? '';
  const named = name === '' ? '' : `metadata.name=${name}`;
  const fieldSelector = [asked, named].filter((each) => each !== '').join(',');
  const { labels, fields } = parseSelectors(request.kind, { label: labelSelector, field: fieldSelector });
  if (asked !== '' && name !== '') checkNamed(asked, name);
  const initial = query.get('sendInitialEvents');
  const options: ListOptions = {
    labelSelector,
    fieldSelector,
    matches: matcher(labels, fields),
    limit: Math.max(0, integer(request, 'limit') ?? 0),
    continueToken: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    timeoutSeconds: integer(request, 'timeoutSeconds'),
    allowWatchBookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents: initial === null ? undefined : isTrue(initial),
  };
  const errors = watch ? checkWatchMatch(options) : checkListMatch(options);
  if (errors.length > 0) throw invalidError({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
  parseRevision(options.resourceVersion);
  if (options.continueToken !== '') decodeContinue(options.continueToken);
  if (options.continueToken !== '' && options.resourceVersion !== '' && options.resourceVersion !== '0')
    throw new StatusError(
      400,
      'BadRequest',
      'specifying resource version is not allowed when using continue',
    );
  return options;
}
