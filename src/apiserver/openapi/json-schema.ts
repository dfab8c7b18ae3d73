/**
 * OpenAPI definitions from our schemas. Version 2 and 3 differ in where definitions stand, in defaults, and in types
 * that are one of several. Source: k8s.io/kube-openapi pkg/builder, and the published documents in
 * kubernetes/api/openapi-spec.
 */
import { definitionNameOf } from '../../kinds/definitions.ts';
import { type Field, type FieldType, type Schema, schemaOf } from '../../kinds/schema.ts';
import type { Descriptions } from './descriptions.ts';

export type Dialect = 'v2' | 'v3';

export type JsonSchema = { [key: string]: unknown };

export interface GroupVersionKind {
  group: string;
  kind: string;
  version: string;
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const apiextensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';

const scalarDefinitions: Readonly<Record<string, string>> = {
  time: `${meta}.Time`,
  microTime: `${meta}.MicroTime`,
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
};

const plainTypes: Readonly<Record<string, JsonSchema>> = {
  string: { type: 'string' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  number: { type: 'number', format: 'double' },
  boolean: { type: 'boolean' },
  bytes: { type: 'string', format: 'byte' },
};

const zeroValues: Readonly<Record<string, unknown>> = {
  string: '',
  int32: 0,
  int64: 0,
  number: 0,
  boolean: false,
};

/** Defaults that server-side apply needs, because the field is a key of its list. */
const keyDefaults: Readonly<Record<string, string>> = {
  'ContainerPort.protocol': 'TCP',
  'ServicePort.protocol': 'TCP',
};

/** Types that have a definition but no fields of their own. */
export function simpleDefinition(name: string, dialect: Dialect): JsonSchema {
  const oneOf = (...types: string[]) =>
    dialect === 'v2' ? { type: 'string' } : { oneOf: types.map((type) => ({ type })) };
  const simple: Readonly<Record<string, JsonSchema>> = {
    [`${meta}.Time`]: { type: 'string', format: 'date-time' },
    [`${meta}.MicroTime`]: { type: 'string', format: 'date-time' },
    [`${meta}.FieldsV1`]: { type: 'object' },
    [`${meta}.Patch`]: { type: 'object' },
    'io.k8s.apimachinery.pkg.api.resource.Quantity': oneOf('string', 'number'),
    'io.k8s.apimachinery.pkg.util.intstr.IntOrString': {
      format: 'int-or-string',
      ...oneOf('integer', 'string'),
    },
    'io.k8s.apimachinery.pkg.runtime.RawExtension': { type: 'object' },
    [`${apiextensions}.CustomResourceSubresourceStatus`]: { type: 'object' },
    [`${apiextensions}.JSON`]: {},
    [`${apiextensions}.JSONSchemaPropsOrArray`]: {},
    [`${apiextensions}.JSONSchemaPropsOrBool`]: {},
    [`${apiextensions}.JSONSchemaPropsOrStringArray`]: {},
  };
  const definition = Object.hasOwn(simple, name) ? simple[name] : undefined;
  if (definition === undefined) throw new Error(`there is no definition ${name}`);
  return definition;
}

/** The definition of a field of free JSON, from Go's name of its type. */
function freeDefinition(goType: string | undefined): string {
  const name = goType?.replace(/^.*v1\./, '');
  if (name === undefined) return 'io.k8s.apimachinery.pkg.runtime.RawExtension';
  if (name === 'FieldsV1') return `${meta}.FieldsV1`;
  return `${apiextensions}.${name === 'JSONSchemaDependencies' ? 'JSONSchemaPropsOrStringArray' : name}`;
}

export function refTo(definition: string, dialect: Dialect): JsonSchema {
  return { $ref: `${dialect === 'v2' ? '#/definitions/' : '#/components/schemas/'}${definition}` };
}

/** The definition that a type refers to; undefined for plain types, lists and maps. */
function referredDefinition(type: FieldType, goType: string | undefined): string | undefined {
  if (type.type === 'object') return definitionNameOf(type.schema);
  if (type.type === 'any') return freeDefinition(goType);
  return scalarDefinitions[type.type];
}

/** A type where it stands in a list or map: always with a default in version 3. */
function elementSchema(type: FieldType, goType: string | undefined, dialect: Dialect): JsonSchema {
  const schema = typeSchema(type, goType, dialect);
  if (dialect === 'v2') return schema;
  if (schema.$ref !== undefined) return { allOf: [schema], default: {} };
  return Object.hasOwn(zeroValues, type.type) ? { ...schema, default: zeroValues[type.type] } : schema;
}

function typeSchema(type: FieldType, goType: string | undefined, dialect: Dialect): JsonSchema {
  if (type.type === 'list') return { type: 'array', items: elementSchema(type.of, goType, dialect) };
  if (type.type === 'map')
    return { type: 'object', additionalProperties: elementSchema(type.of, goType, dialect) };
  const definition = referredDefinition(type, goType);
  if (definition !== undefined) return refTo(definition, dialect);
  return { ...plainTypes[type.type] };
}

function defaultOf(schema: Schema, field: Field): unknown {
  const key = `${schema.name}.${field.name}`;
  if (Object.hasOwn(keyDefaults, key)) return keyDefaults[key];
  if (field.pointer || !field.always) return undefined;
  if (field.type.type === 'object') return {};
  return zeroValues[field.type.type];
}

function extensionsOf(field: Field): JsonSchema {
  const extensions: JsonSchema = {};
  if (field.type.type === 'list') {
    if (field.listMapKeys !== undefined) extensions['x-kubernetes-list-map-keys'] = field.listMapKeys;
    extensions['x-kubernetes-list-type'] = field.listType;
  }
  if (field.mapType !== undefined) extensions['x-kubernetes-map-type'] = field.mapType;
  if (field.patchMergeKey !== undefined) extensions['x-kubernetes-patch-merge-key'] = field.patchMergeKey;
  if (field.patchStrategy !== undefined)
    extensions['x-kubernetes-patch-strategy'] = field.patchStrategy.join(',');
  return extensions;
}

interface FieldText {
  description?: string;
  enum?: readonly string[];
}

function fieldSchema(
  schema: Schema,
  field: Field,
  { dialect, text }: { dialect: Dialect; text: FieldText },
): JsonSchema {
  const type = typeSchema(field.type, field.goType, dialect);
  const defaultValue = dialect === 'v3' ? defaultOf(schema, field) : undefined;
  const siblings: JsonSchema = {
    ...(defaultValue === undefined ? {} : { default: defaultValue }),
    ...(text.description === undefined ? {} : { description: text.description }),
    ...(text.enum === undefined ? {} : { enum: text.enum }),
    ...extensionsOf(field),
  };
  // A $ref must stand alone in version 3, so siblings move it into allOf.
  if (type.$ref === undefined || dialect === 'v2' || Object.keys(siblings).length === 0)
    return { ...type, ...siblings };
  return { allOf: [type], ...siblings };
}

/** The definition of one of our schemas. `kinds` are what it is the whole of, if anything. */
export function objectDefinition(
  name: string,
  options: { dialect: Dialect; kinds: readonly GroupVersionKind[]; descriptions: Descriptions },
): JsonSchema {
  const schema = schemaOf(name);
  const texts = options.descriptions.of(definitionNameOf(name));
  const properties: JsonSchema = {};
  const required: string[] = [];
  for (const field of schema.fields.values()) {
    const text = texts?.fields.get(field.name) ?? {};
    properties[field.name] = fieldSchema(schema, field, { dialect: options.dialect, text });
    if (field.required) required.push(field.name);
  }
  return {
    ...(texts?.description === undefined ? {} : { description: texts.description }),
    type: 'object',
    ...(required.length > 0 ? { required } : {}),
    ...(schema.fields.size > 0 ? { properties } : {}),
    ...(options.kinds.length > 0 ? { 'x-kubernetes-group-version-kind': options.kinds } : {}),
    ...(schema.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  };
}

/** The list of a kind: `PodList`. */
export function listDefinition(
  itemSchema: string,
  options: { dialect: Dialect; kind: GroupVersionKind; descriptions: Descriptions },
): JsonSchema {
  const { dialect } = options;
  const texts = options.descriptions.of(`${definitionNameOf(itemSchema)}List`);
  const item: FieldType = { type: 'object', schema: itemSchema };
  const metadata: FieldType = { type: 'object', schema: 'ListMeta' };
  const properties: Record<string, JsonSchema> = {
    apiVersion: { type: 'string' },
    items: { type: 'array', items: elementSchema(item, undefined, dialect) },
    kind: { type: 'string' },
    metadata: elementSchema(metadata, undefined, dialect),
  };
  for (const [name, property] of Object.entries(properties))
    Object.assign(property, texts?.fields.get(name) ?? {});
  return {
    ...(texts?.description === undefined ? {} : { description: texts.description }),
    type: 'object',
    required: ['items'],
    properties,
    'x-kubernetes-group-version-kind': [options.kind],
  };
}

/** Everything that a schema refers to, itself included: our schema names, and names of simple definitions. */
export function reachableFrom(roots: readonly string[]): { schemas: string[]; simple: string[] } {
  const schemas = new Set<string>(roots);
  const simple = new Set<string>();
  for (const name of schemas)
    for (const field of schemaOf(name).fields.values()) {
      let { type } = field;
      while (type.type === 'list' || type.type === 'map') type = type.of;
      const definition = referredDefinition(type, field.goType);
      if (type.type === 'object') schemas.add(type.schema);
      else if (definition !== undefined) simple.add(definition);
    }
  return { schemas: [...schemas].sort(), simple: [...simple].sort() };
}
