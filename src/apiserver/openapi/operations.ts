/**
 * The paths and operations of a kind, apart from how a version of OpenAPI writes them. kubectl reads them to see
 * whether PATCH knows dryRun and fieldValidation, and to find the kind of a resource.
 * Source: k8s.io/apiserver pkg/endpoints/installer.go.
 */
import { definitionNameOf } from '../../kinds/definitions.ts';
import type { Kind } from '../../kinds/kind.ts';
import { subresourceOf } from '../discovery-resources.ts';
import type { GroupVersionKind } from './json-schema.ts';

export interface Parameter {
  name: string;
  in: 'path' | 'query';
  type: 'string' | 'integer' | 'boolean';
  required?: true;
}

export interface Operation {
  method: 'get' | 'put' | 'post' | 'delete' | 'patch';
  action: string;
  operationId: string;
  tag: string;
  description: string;
  kind: GroupVersionKind;
  query: readonly Parameter[];
  /** The definition of the body; `Patch` operations take several media types. */
  body?: string;
  /** The definition of the answer; undefined: text. */
  answer?: string;
  codes: readonly number[];
}

export interface PathItem {
  path: string;
  parameters: readonly Parameter[];
  operations: readonly Operation[];
}

const query = (name: string, type: Parameter['type'] = 'string'): Parameter => ({ name, in: 'query', type });
const inPath = (name: string): Parameter => ({ name, in: 'path', type: 'string', required: true });

const pretty = query('pretty');
const selection = [
  query('fieldSelector'),
  query('labelSelector'),
  query('limit', 'integer'),
  query('continue'),
];
const versions = [
  query('resourceVersion'),
  query('resourceVersionMatch'),
  query('sendInitialEvents', 'boolean'),
];
const listQuery = [
  query('allowWatchBookmarks', 'boolean'),
  ...selection,
  ...versions,
  query('timeoutSeconds', 'integer'),
  query('watch', 'boolean'),
];
const writeQuery = [query('dryRun'), query('fieldManager'), query('fieldValidation')];
const deleteQuery = [
  query('dryRun'),
  query('gracePeriodSeconds', 'integer'),
  query('orphanDependents', 'boolean'),
  query('propagationPolicy'),
];

export const patchDefinition = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';
const deleteOptions = definitionNameOf('DeleteOptions');
const status = definitionNameOf('Status');

/** `rbac.authorization.k8s.io`, `v1` -> `RbacAuthorizationV1` */
function groupWord(group: string, version: string): string {
  const parts = group === '' ? ['core'] : group.replace(/\.k8s\.io$/, '').split('.');
  return [...parts, version].map((part) => part[0]?.toUpperCase() + part.slice(1)).join('');
}

interface Words {
  group: string;
  scope: string;
  kind: string;
  tag: string;
}

interface Verb {
  method: Operation['method'];
  action: string;
  /** `read` + group + scope + kind + suffix. */
  verb: string;
  suffix?: string;
  query: readonly Parameter[];
  body?: string;
  answer?: string;
  codes?: readonly number[];
}

function operation(words: Words, kind: GroupVersionKind, verb: Verb): Operation {
  const collection = verb.action === 'deletecollection' ? 'Collection' : '';
  return {
    method: verb.method,
    action: verb.action,
    operationId: `${verb.verb}${words.group}${collection}${words.scope}${words.kind}${verb.suffix ?? ''}`,
    tag: words.tag,
    description: `${verb.verb} ${words.kind}`,
    kind,
    query: verb.query,
    ...(verb.body === undefined ? {} : { body: verb.body }),
    ...(verb.answer === undefined ? {} : { answer: verb.answer }),
    codes: verb.codes ?? [200],
  };
}

/** The table of verbs: what each is called and takes. `own` and `list` are the definitions of the kind and its list. */
function verbsOf(own: string, list: string): Readonly<Record<string, { on: 'collection' | 'item' } & Verb>> {
  const common = { body: own, answer: own };
  return {
    list: { on: 'collection', method: 'get', action: 'list', verb: 'list', query: listQuery, answer: list },
    create: {
      on: 'collection',
      method: 'post',
      action: 'post',
      verb: 'create',
      query: writeQuery,
      ...common,
      codes: [200, 201, 202],
    },
    deletecollection: {
      on: 'collection',
      method: 'delete',
      action: 'deletecollection',
      verb: 'delete',
      query: [...deleteQuery, ...selection, ...versions, query('timeoutSeconds', 'integer')],
      body: deleteOptions,
      answer: status,
    },
    get: { on: 'item', method: 'get', action: 'get', verb: 'read', query: [], answer: own },
    update: {
      on: 'item',
      method: 'put',
      action: 'put',
      verb: 'replace',
      query: writeQuery,
      ...common,
      codes: [200, 201],
    },
    patch: {
      on: 'item',
      method: 'patch',
      action: 'patch',
      verb: 'patch',
      query: [...writeQuery, query('force', 'boolean')],
      body: patchDefinition,
      answer: own,
      codes: [200, 201],
    },
    delete: {
      on: 'item',
      method: 'delete',
      action: 'delete',
      verb: 'delete',
      query: deleteQuery,
      body: deleteOptions,
      answer: status,
      codes: [200, 202],
    },
  };
}

const otherSchemas: Readonly<Record<string, string>> = {
  'autoscaling/v1/Scale': 'Scale',
  'policy/v1/Eviction': 'Eviction',
  'authentication.k8s.io/v1/TokenRequest': 'AuthenticationTokenRequest',
  '/v1/Binding': 'Binding',
};

/** Our schema of what a subresource reads and writes; undefined when it connects and has no body. */
export function subresourceSchema(kind: Kind, name: string): string | undefined {
  const { group = kind.group, version = kind.version, kind: ofKind } = subresourceOf(kind, name);
  if (ofKind === kind.kind) return name === 'log' ? undefined : kind.schema;
  return otherSchemas[`${group}/${version}/${ofKind}`];
}

const upperFirst = (text: string): string => `${text[0]?.toUpperCase()}${text.slice(1)}`;

const methods = { get: 'get', create: 'post', update: 'put', patch: 'patch', delete: 'delete' } as const;

function subresourceOperations(kind: Kind, name: string, words: Words): Operation[] {
  const { group = kind.group, version = kind.version, kind: ofKind, verbs } = subresourceOf(kind, name);
  const schema = subresourceSchema(kind, name);
  const of = { group, kind: ofKind, version };
  const suffix = upperFirst(name);
  if (schema !== undefined) {
    const own = definitionNameOf(schema);
    const table = verbsOf(own, `${own}List`);
    return verbs.map((verb) => operation(words, of, { ...(table[verb] as Verb), suffix }));
  }
  const connects = name !== 'log';
  return verbs.map((verb) =>
    operation(words, of, {
      method: methods[verb as keyof typeof methods],
      action: connects ? 'connect' : 'get',
      verb: connects ? `connect${upperFirst(methods[verb as keyof typeof methods])}` : 'read',
      suffix,
      query: [],
    }),
  );
}

/** `/api/v1`, `/apis/apps/v1` */
export function groupVersionPath(group: string, version: string): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** Every path of a kind. */
export function pathItemsOf(kind: Kind): PathItem[] {
  const { group, version, plural } = kind;
  const namespaced = kind.scope === 'Namespaced';
  const root = groupVersionPath(group, version);
  const base = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
  const words: Words = {
    group: groupWord(group, version),
    scope: namespaced ? 'Namespaced' : '',
    kind: kind.kind,
    tag: `${group === '' ? 'core' : group.replace(/\.k8s\.io$/, '').replaceAll('.', '_')}_${version}`,
  };
  const of = { group, kind: kind.kind, version };
  const own = definitionNameOf(kind.schema);
  const table = verbsOf(own, `${own}List`);
  const on = (place: 'collection' | 'item') =>
    Object.entries(table)
      .filter(([verb, facts]) => facts.on === place && kind.verbs.includes(verb))
      .map(([, facts]) => operation(words, of, facts));
  const inNamespace = namespaced ? [inPath('namespace')] : [];
  const item = [inPath('name'), ...inNamespace, pretty];
  const items: PathItem[] = [
    { path: base, parameters: [...inNamespace, pretty], operations: on('collection') },
    { path: `${base}/{name}`, parameters: item, operations: on('item') },
    ...kind.subresources.map((name) => ({
      path: `${base}/{name}/${name}`,
      parameters: item,
      operations: subresourceOperations(kind, name, words),
    })),
  ];
  if (namespaced && kind.verbs.includes('list')) {
    const everywhere = { ...words, scope: '' };
    const list = operation(everywhere, of, { ...(table.list as Verb), suffix: 'ForAllNamespaces' });
    items.push({ path: `${root}/${plural}`, parameters: [pretty], operations: [list] });
  }
  return items.filter(({ operations }) => operations.length > 0);
}
