/** Objects of every kind with something missing, null or of another shape, in whatever place. */
import type { Kind } from '../../src/kinds/kind.ts';
import { apiVersionOf } from '../../src/kinds/object.ts';
import { type FieldType, schemaOf } from '../../src/kinds/schema.ts';

type Place = readonly (string | number)[];

export interface ShapeCase {
  /** `spec.template=null` */
  readonly name: string;
  readonly object: unknown;
}

/** Every place in a value, from the top down. */
function* placesIn(value: unknown, at: Place = []): Generator<Place> {
  if (at.length > 0) yield at;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value))
    yield* placesIn(child, [...at, Array.isArray(value) ? Number(key) : key]);
}

/** A copy with another value in one place; undefined takes the place away. */
function replaced(value: unknown, at: Place, by: unknown): unknown {
  const copy = structuredClone(value);
  let container = copy as Record<string | number, unknown>;
  for (const key of at.slice(0, -1)) container = container[key] as Record<string | number, unknown>;
  const last = at.at(-1) as string | number;
  if (by === undefined) delete container[last];
  else container[last] = by;
  return copy;
}

/** A value of a type, of the right form but seldom of the right content. */
function madeOf(type: FieldType, depth: number): unknown {
  switch (type.type) {
    case 'object':
      return depth > 0 ? objectOf(type.schema, depth - 1) : {};
    case 'list':
      return [madeOf(type.of, depth - 1)];
    case 'map':
      return { a: madeOf(type.of, depth - 1) };
    case 'any':
      return {};
    case 'boolean':
      return true;
    case 'int32':
    case 'int64':
    case 'number':
      return 1;
    case 'quantity':
      return '1';
    case 'time':
    case 'microTime':
      return '2026-01-01T00:00:00Z';
    default:
      return 'a';
  }
}

const objectOf = (schema: string, depth: number): object =>
  Object.fromEntries(
    [...schemaOf(schema).fields.values()].map((field) => [field.name, madeOf(field.type, depth)]),
  );

const otherShapes = [undefined, null, {}, [], '', 0, [null], [{}], { '': null }];

/** How many places of a made-up object are tried. */
const placesMax = 60;

function* changedIn(whole: object, shapes: readonly unknown[], countMax: number): Generator<ShapeCase> {
  const typed = new Set<unknown>(['apiVersion', 'kind']);
  const places = [...placesIn(whole)].filter(([first]) => !typed.has(first));
  const step = Math.max(1, Math.ceil(places.length / countMax));
  for (let index = 0; index < places.length; index += step) {
    const at = places[index] as Place;
    for (const shape of shapes)
      yield {
        name: `${at.join('.')}=${JSON.stringify(shape)}`,
        object: replaced(whole, at, shape),
      };
  }
}

/** The example of the kind, and objects with a value in every field, each changed in one place. */
export function* shapesOf(kind: Kind): Generator<ShapeCase> {
  const type = { apiVersion: apiVersionOf(kind.group, kind.version), kind: kind.kind };
  const namespace = kind.scope === 'Namespaced' ? { namespace: 'default' } : {};
  const metadata = { ...kind.example.metadata, name: kind.example.metadata.name ?? 'a', ...namespace };
  yield* changedIn({ ...kind.example, ...type, metadata }, otherShapes, Number.POSITIVE_INFINITY);
  for (const depth of [1, 2, 3, 4]) {
    const whole = { ...objectOf(kind.schema, depth), ...type, metadata };
    yield { name: `every field, ${depth} levels deep`, object: whole };
    yield* changedIn(whole, [undefined, null, {}], placesMax);
  }
}
