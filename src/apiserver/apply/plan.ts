/**
 * A schema as ownership of fields sees it: what is owned as a whole, and by what an element of a list is known.
 * Compiled once per type, because every write walks it.
 */
import { type Field, type FieldType, type ScalarName, type Schema, schemaOf } from '../../kinds/schema.ts';
import { fieldElement } from './path-element.ts';

export type SchemaLookup = (name: string) => Schema;

/** `atomic`: one owner as a whole. What is inside an atomic plan serves only for checking types. */
export type Plan = ScalarPlan | StructPlan | MapPlan | ListPlan;

export interface ScalarPlan {
  readonly shape: 'scalar';
  readonly atomic: true;
  /** `any` is free JSON, owned as a whole. */
  readonly type: ScalarName;
}

export interface StructField {
  /** `f:spec` */
  readonly element: string;
  readonly plan: Plan;
}

export interface StructPlan {
  readonly shape: 'struct';
  readonly atomic: boolean;
  readonly fields: ReadonlyMap<string, StructField>;
}

export interface MapPlan {
  readonly shape: 'map';
  readonly atomic: boolean;
  readonly of: Plan;
}

export interface ListPlan {
  readonly shape: 'list';
  readonly atomic: boolean;
  /** Sorted; none for a set. */
  readonly keys: readonly string[];
  readonly of: Plan;
}

class Planner {
  readonly #lookup: SchemaLookup;
  readonly #structs = new Map<string, StructPlan>();

  constructor(lookup: SchemaLookup) {
    this.#lookup = lookup;
  }

  struct(name: string, mapType?: Field['mapType']): StructPlan {
    const schema = this.#lookup(name);
    const atomic = mapType === undefined ? schema.atomic : mapType === 'atomic';
    const key = `${name} ${atomic}`;
    const known = this.#structs.get(key);
    if (known !== undefined) return known;
    const fields = new Map<string, StructField>();
    const plan: StructPlan = { shape: 'struct', atomic, fields };
    // Known before its fields are: types contain themselves.
    this.#structs.set(key, plan);
    for (const field of schema.fields.values()) {
      // Who owns what is not itself owned.
      if (name === 'ObjectMeta' && field.name === 'managedFields') continue;
      fields.set(field.name, { element: fieldElement(field.name), plan: this.#of(field.type, field) });
    }
    return plan;
  }

  #of(type: FieldType, field?: Field): Plan {
    switch (type.type) {
      case 'object':
        return this.struct(type.schema, field?.mapType);
      case 'map':
        return { shape: 'map', atomic: field?.mapType === 'atomic', of: this.#of(type.of) };
      case 'list': {
        const listType = field?.listType ?? 'atomic';
        const keys = listType === 'map' ? [...(field?.listMapKeys ?? [])].sort() : [];
        return { shape: 'list', atomic: listType === 'atomic', keys, of: this.#of(type.of) };
      }
      default:
        return { shape: 'scalar', atomic: true, type: type.type };
    }
  }
}

const planners = new WeakMap<SchemaLookup, Planner>();

/** The plan of a type by its schema name. */
export function planOf(schema: string, lookup: SchemaLookup = schemaOf): StructPlan {
  let planner = planners.get(lookup);
  if (planner === undefined) {
    planner = new Planner(lookup);
    planners.set(lookup, planner);
  }
  return planner.struct(schema);
}

/** The plan below an element of a set of paths; undefined where the type knows no such place. */
export function planBelow(plan: Plan, element: string): Plan | undefined {
  if (plan.shape === 'struct') return plan.fields.get(element.slice(2))?.plan;
  return plan.shape === 'scalar' ? undefined : plan.of;
}
