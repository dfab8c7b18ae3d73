/** How version 2 and version 3 write paths, and which definitions a set of kinds needs. */
import { definitionNameOf } from '../../kinds/definitions.ts';
import type { Kind } from '../../kinds/kind.ts';
import type { Descriptions } from './descriptions.ts';
import {
  type Dialect,
  type GroupVersionKind,
  type JsonSchema,
  listDefinition,
  objectDefinition,
  reachableFrom,
  refTo,
  simpleDefinition,
} from './json-schema.ts';
import {
  type Operation,
  type Parameter,
  type PathItem,
  patchDefinition,
  subresourceSchema,
} from './operations.ts';

const mediaTypes = ['application/json', 'application/yaml'];
const streamTypes = ['application/json;stream=watch'];
const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

const codeTexts: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

function parameter({ name, in: where, type, required }: Parameter, dialect: Dialect): JsonSchema {
  const schema = { type, uniqueItems: true };
  return {
    ...(dialect === 'v2' ? schema : {}),
    in: where,
    name,
    ...(required ? { required } : {}),
    ...(dialect === 'v3' ? { schema } : {}),
  };
}

const inAll = (types: readonly string[], schema: JsonSchema): JsonSchema =>
  Object.fromEntries(types.map((type) => [type, { schema }]));

function operationV2(operation: Operation): JsonSchema {
  const isPatch = operation.body === patchDefinition;
  const body = operation.body && {
    in: 'body',
    name: 'body',
    ...(operation.method === 'delete' ? {} : { required: true }),
    schema: refTo(operation.body, 'v2'),
  };
  const schema = operation.answer === undefined ? { type: 'string' } : refTo(operation.answer, 'v2');
  const responses = operation.codes.map((code) => [code, { description: codeTexts[code], schema }]);
  return {
    tags: [operation.tag],
    description: operation.description,
    operationId: operation.operationId,
    produces: operation.action === 'list' ? [...mediaTypes, ...streamTypes] : mediaTypes,
    consumes: isPatch ? patchTypes : ['*/*'],
    parameters: [...(body ? [body] : []), ...operation.query.map((each) => parameter(each, 'v2'))],
    responses: { ...Object.fromEntries(responses), 401: { description: 'Unauthorized' } },
    schemes: ['https'],
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.kind,
  };
}

function operationV3(operation: Operation): JsonSchema {
  const isPatch = operation.body === patchDefinition;
  const types = operation.action === 'list' ? [...mediaTypes, ...streamTypes] : mediaTypes;
  const content =
    operation.answer === undefined
      ? inAll(['*/*'], { type: 'string' })
      : inAll(types, refTo(operation.answer, 'v3'));
  const responses = operation.codes.map((code) => [code, { description: codeTexts[code], content }]);
  return {
    tags: [operation.tag],
    description: operation.description,
    operationId: operation.operationId,
    parameters: operation.query.map((each) => parameter(each, 'v3')),
    ...(operation.body === undefined
      ? {}
      : {
          requestBody: {
            content: inAll(isPatch ? patchTypes : ['*/*'], refTo(operation.body, 'v3')),
            ...(operation.method === 'delete' ? {} : { required: true }),
          },
        }),
    responses: { ...Object.fromEntries(responses), 401: { description: 'Unauthorized' } },
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.kind,
  };
}

export function pathItem(item: PathItem, dialect: Dialect): JsonSchema {
  const write = dialect === 'v2' ? operationV2 : operationV3;
  return {
    ...Object.fromEntries(item.operations.map((operation) => [operation.method, write(operation)])),
    parameters: item.parameters.map((each) => parameter(each, dialect)),
  };
}

const hasList = (kind: Kind): boolean => kind.verbs.includes('list');

/** Definitions that belong to every group: DeleteOptions are options of each. */
function sharedKinds(all: readonly Kind[], kind: string): GroupVersionKind[] {
  const groupVersions = [...new Set(all.map(({ group, version }) => `${group}/${version}`))].sort();
  return groupVersions.map((each) => {
    const [group, version] = each.split('/') as [string, string];
    return { group, kind, version };
  });
}

/** What a definition is the whole of, over all kinds. */
function wholeKinds(all: readonly Kind[]): Map<string, GroupVersionKind[]> {
  const whole = new Map<string, GroupVersionKind[]>();
  for (const { schema, group, kind, version } of all) whole.set(schema, [{ group, kind, version }]);
  whole.set('Scale', [{ group: 'autoscaling', kind: 'Scale', version: 'v1' }]);
  whole.set('Eviction', [{ group: 'policy', kind: 'Eviction', version: 'v1' }]);
  whole.set('AuthenticationTokenRequest', [
    { group: 'authentication.k8s.io', kind: 'TokenRequest', version: 'v1' },
  ]);
  whole.set('Status', [{ group: '', kind: 'Status', version: 'v1' }]);
  whole.set('DeleteOptions', sharedKinds(all, 'DeleteOptions'));
  return whole;
}

export interface DefinitionPlan {
  /** Our schemas, sorted. */
  readonly schemas: readonly string[];
  readonly simple: readonly string[];
  /** Kinds that have lists. */
  readonly lists: readonly Kind[];
  readonly whole: ReadonlyMap<string, GroupVersionKind[]>;
}

/** The definitions that the documents of `kinds` need; `all` are the kinds of the server. */
export function planDefinitions(kinds: readonly Kind[], all: readonly Kind[]): DefinitionPlan {
  const others = kinds.flatMap((kind) => kind.subresources.map((name) => subresourceSchema(kind, name)));
  const shared = kinds.some((kind) => kind.verbs.includes('delete')) ? ['DeleteOptions', 'Status'] : [];
  const lists = kinds.filter(hasList);
  const roots = [
    ...kinds.map((kind) => kind.schema),
    ...others.filter((schema) => schema !== undefined),
    ...shared,
    ...(lists.length > 0 ? ['ListMeta'] : []),
  ];
  const { schemas, simple } = reachableFrom([...new Set(roots)]);
  const patches = kinds.some((kind) => kind.verbs.includes('patch')) ? [patchDefinition] : [];
  return { schemas, simple: [...simple, ...patches].sort(), lists, whole: wholeKinds(all) };
}

/** Names of the definitions in a plan, for the descriptions to be read. */
export function definitionNames(plan: DefinitionPlan): string[] {
  return [
    ...plan.schemas.map(definitionNameOf),
    ...plan.lists.map((kind) => `${definitionNameOf(kind.schema)}List`),
  ];
}

/** Every definition of a plan, one after the other, so that a caller may rest between them. */
export function* definitionsOf(
  plan: DefinitionPlan,
  options: { dialect: Dialect; descriptions: Descriptions },
): Generator<[name: string, definition: JsonSchema]> {
  for (const schema of plan.schemas)
    yield [
      definitionNameOf(schema),
      objectDefinition(schema, { ...options, kinds: plan.whole.get(schema) ?? [] }),
    ];
  for (const { group, version, kind, schema } of plan.lists)
    yield [
      `${definitionNameOf(schema)}List`,
      listDefinition(schema, { ...options, kind: { group, kind: `${kind}List`, version } }),
    ];
  for (const name of plan.simple) yield [name, simpleDefinition(name, options.dialect)];
}
