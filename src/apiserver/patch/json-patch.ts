/**
 * JSON Patch (RFC 6902) as the API server speaks it, with what evanphx/json-patch v4 does where the RFC is silent or
 * stricter: an index may count from the end (-1), `replace` of a member that is absent adds it, `add` without a value
 * adds null. The library rfc6902 is not used: it takes inherited names (`toString`) for members, loses paths through
 * `constructor` and sets the prototype for `__proto__`; tests hold it beside this for everything else.
 */

import { getOwn, setOwn } from '../../kinds/object.ts';
import { WherryError } from '../../lib/errors.ts';
import { cloneJson, equalJson, isMap, type Json, type JsonMap, measure } from './json.ts';
import { jsonPatchCopiedNodesMax, jsonPatchDepthMax } from './limits.ts';

/** The patch does not apply. The API does not show the message (see apply-patch.ts); it is upstream's own all the same. */
export class JsonPatchError extends WherryError {
  constructor(message: string) {
    super('JSON_PATCH_FAILED', message);
  }
}

const missing = 'missing value';
const badIndex = 'invalid index referenced';

/** A map or a list, and the key that the last part of a path names in it. */
interface Place {
  readonly container: JsonMap | Json[];
  readonly key: string;
}

interface Run {
  document: Json;
  copiedNodes: number;
}

const unescapePart = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');

function stringField(operation: JsonMap, field: 'path' | 'from', failure: string): string {
  const value = getOwn(operation, field);
  if (typeof value !== 'string') throw new JsonPatchError(failure);
  return value;
}

/** strconv.Atoi */
function parseIndex(key: string): number {
  if (!/^[+-]?[0-9]+$/.test(key))
    throw new JsonPatchError(`strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`);
  return Number(key);
}

/** Resolves an index that may count from the end; `length` is the first that is too great. */
function resolveIndex(key: string, length: number): number {
  const index = parseIndex(key);
  if (index >= length || index < -length)
    throw new JsonPatchError(`Unable to access invalid index: ${index}: ${badIndex}`);
  return index < 0 ? index + length : index;
}

/** Undefined where a map has no such member; throws where a list has no such index. */
function read({ container, key }: Place): Json | undefined {
  return Array.isArray(container) ? container[resolveIndex(key, container.length)] : getOwn(container, key);
}

function find(document: Json, path: string): Place | undefined {
  const parts = path.split('/');
  if (parts.length < 2) return undefined;
  let value: Json | undefined = document;
  for (const part of parts.slice(1, -1)) {
    if (typeof value !== 'object' || value === null) return undefined;
    try {
      value = read({ container: value, key: unescapePart(part) });
    } catch {
      return undefined;
    }
  }
  if (typeof value !== 'object' || value === null) return undefined;
  return { container: value, key: unescapePart(parts.at(-1) as string) };
}

function findOrThrow(document: Json, path: string, failure: string): Place {
  const place = find(document, path);
  if (place === undefined) throw new JsonPatchError(`${failure}: ${missing}`);
  return place;
}

function checkDepth(path: string, height: number): void {
  if (path.split('/').length + height > jsonPatchDepthMax)
    throw new JsonPatchError(`the object would be more than ${jsonPatchDepthMax} levels deep`);
}

function insert({ container, key }: Place, value: Json): void {
  if (!Array.isArray(container)) setOwn(container, key, value);
  else if (key === '-') container.push(value);
  else container.splice(resolveIndex(key, container.length + 1), 0, value);
}

function remove({ container, key }: Place): void {
  if (Array.isArray(container)) container.splice(resolveIndex(key, container.length), 1);
  else if (Object.hasOwn(container, key)) delete container[key];
  else throw new JsonPatchError(`Unable to remove nonexistent key: ${key}: ${missing}`);
}

/** Puts the words before what `action` throws. */
function within<Result>(words: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof JsonPatchError)) throw error;
    throw new JsonPatchError(`${words}: ${error.message}`);
  }
}

const valueField = (operation: JsonMap): Json => cloneJson(getOwn(operation, 'value') ?? null);

function add(run: Run, operation: JsonMap): void {
  const path = stringField(operation, 'path', `add operation failed to decode path: ${missing}`);
  const place = findOrThrow(
    run.document,
    path,
    `add operation does not apply: doc is missing path: "${path}"`,
  );
  within(`error in add for path: '${path}'`, () => insert(place, valueField(operation)));
}

function removeAt(run: Run, operation: JsonMap): void {
  const path = stringField(operation, 'path', `remove operation failed to decode path: ${missing}`);
  const place = findOrThrow(
    run.document,
    path,
    `remove operation does not apply: doc is missing path: "${path}"`,
  );
  within(`error in remove for path: '${path}'`, () => remove(place));
}

function replace(run: Run, operation: JsonMap): void {
  const path = stringField(
    operation,
    'path',
    `replace operation failed to decode path: operation missing path field: ${missing}`,
  );
  const value = valueField(operation);
  if (path === '') {
    if (typeof value !== 'object' || value === null)
      throw new JsonPatchError('replace operation value must be object or array');
    run.document = value;
    return;
  }
  const place = findOrThrow(
    run.document,
    path,
    `replace operation does not apply: doc is missing path: ${path}`,
  );
  if (!Array.isArray(place.container)) {
    setOwn(place.container, place.key, value);
    return;
  }
  try {
    place.container[resolveIndex(place.key, place.container.length)] = value;
  } catch {
    throw new JsonPatchError(`replace operation does not apply: doc is missing key: ${path}: ${missing}`);
  }
}

function move(run: Run, operation: JsonMap): void {
  const from = stringField(
    operation,
    'from',
    `move operation failed to decode from: operation, missing from field: ${missing}`,
  );
  const source = findOrThrow(
    run.document,
    from,
    `move operation does not apply: doc is missing from path: ${from}`,
  );
  const value = within(`error in move for path: '${source.key}'`, () => {
    const found = read(source);
    remove(source);
    return found as Json;
  });
  const path = stringField(
    operation,
    'path',
    `move operation failed to decode path: operation missing path field: ${missing}`,
  );
  const target = findOrThrow(
    run.document,
    path,
    `move operation does not apply: doc is missing destination path: ${path}`,
  );
  checkDepth(path, measure(value).height);
  within(`error in move for path: '${path}'`, () => insert(target, value));
}

function copy(run: Run, operation: JsonMap): void {
  const from = stringField(
    operation,
    'from',
    `copy operation failed to decode from: operation, missing from field: ${missing}`,
  );
  const source = findOrThrow(
    run.document,
    from,
    `copy operation does not apply: doc is missing from path: ${from}`,
  );
  const value = within(`error in copy for from: '${from}'`, () => read(source)) ?? null;
  const path = stringField(operation, 'path', `copy operation failed to decode path: ${missing}`);
  const target = findOrThrow(
    run.document,
    path,
    `copy operation does not apply: doc is missing destination path: ${path}`,
  );
  const { height, nodes } = measure(value);
  checkDepth(path, height);
  run.copiedNodes += nodes;
  if (run.copiedNodes > jsonPatchCopiedNodesMax)
    throw new JsonPatchError(
      `the copy operations add up to ${run.copiedNodes} values, more than the ${jsonPatchCopiedNodesMax} allowed`,
    );
  within('error while adding value during copy', () => insert(target, cloneJson(value)));
}

function testValue(run: Run, operation: JsonMap): void {
  const path = stringField(
    operation,
    'path',
    `test operation failed to decode path: operation missing path field: ${missing}`,
  );
  let actual: Json | undefined = run.document;
  if (path !== '') {
    const place = findOrThrow(run.document, path, `test operation does not apply: is missing path: ${path}`);
    actual = within(`error in test for path: '${path}'`, () => read(place));
  }
  if (!equalJson(actual ?? null, getOwn(operation, 'value') ?? null))
    throw new JsonPatchError(`testing value ${path} failed: test failed`);
}

const actions: Readonly<Record<string, (run: Run, operation: JsonMap) => void>> = {
  add,
  remove: removeAt,
  replace,
  move,
  copy,
  test: testValue,
};

/** The patched document; neither argument is changed. Throws JsonPatchError when an operation does not apply. */
export function applyJsonPatch(document: Json, patch: readonly JsonMap[]): Json {
  const run: Run = { document: cloneJson(document), copiedNodes: 0 };
  for (const operation of patch) {
    const kind = getOwn(operation, 'op');
    const name = typeof kind === 'string' ? kind : 'unknown';
    const action = getOwn(actions, name);
    if (action === undefined || !isMap(operation)) throw new JsonPatchError(`Unexpected kind: ${name}`);
    action(run, operation);
  }
  return run.document;
}
