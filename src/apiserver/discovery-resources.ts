/**
 * What a kind shows in discovery: itself and its subresources, with the kinds and verbs that upstream gives them.
 * Source: k8s.io/api/discovery (recorded answers of v1.3x), k8s.io/apiserver pkg/endpoints/installer.go.
 */
import { createHash } from 'node:crypto';
import type { Kind } from '../kinds/kind.ts';

/** metav1.APIResource; fields in the order of the Go struct. */
export interface ApiResource {
  name: string;
  singularName: string;
  namespaced: boolean;
  group?: string;
  version?: string;
  kind: string;
  verbs: readonly string[];
  shortNames?: readonly string[];
  categories?: readonly string[];
  storageVersionHash?: string;
}

interface Subresource {
  /** The parent's own kind unless given. */
  kind?: string;
  group?: string;
  version?: string;
  verbs: readonly string[];
}

const readAndWrite = ['get', 'patch', 'update'];
const connect = ['create', 'get'];
const proxyVerbs = ['create', 'delete', 'get', 'patch', 'update'];

/** By the name of the subresource; `resource/subresource` where it differs between resources. */
const subresources: Readonly<Record<string, Subresource>> = {
  status: { verbs: readAndWrite },
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: readAndWrite },
  approval: { verbs: readAndWrite },
  ephemeralcontainers: { verbs: readAndWrite },
  resize: { verbs: readAndWrite },
  finalize: { verbs: ['update'] },
  log: { verbs: ['get'] },
  binding: { kind: 'Binding', verbs: ['create'] },
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
  token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] },
  attach: { kind: 'PodAttachOptions', verbs: connect },
  exec: { kind: 'PodExecOptions', verbs: connect },
  portforward: { kind: 'PodPortForwardOptions', verbs: connect },
  'pods/proxy': { kind: 'PodProxyOptions', verbs: proxyVerbs },
  'services/proxy': { kind: 'ServiceProxyOptions', verbs: proxyVerbs },
  'nodes/proxy': { kind: 'NodeProxyOptions', verbs: proxyVerbs },
};

/** The facts of one subresource. Throws when the table has none: a kind file names what does not exist. */
export function subresourceOf(kind: Kind, name: string): Subresource & { kind: string } {
  const facts = subresources[`${kind.plural}/${name}`] ?? subresources[name];
  if (facts === undefined) throw new Error(`nothing is known about the subresource ${kind.plural}/${name}`);
  return { kind: kind.kind, ...facts };
}

/** A fingerprint of the version that is stored; clients only compare it. */
function storageVersionHash(kind: Kind): string {
  const { group, version, kind: name } = kind.storedAs ?? kind;
  return createHash('sha256')
    .update(`${group}/${version}/${name}`)
    .digest()
    .subarray(0, 8)
    .toString('base64');
}

function resourceOf(kind: Kind): ApiResource {
  return {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.scope === 'Namespaced',
    kind: kind.kind,
    verbs: [...kind.verbs].sort(),
    ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    ...(kind.verbs.includes('watch') ? { storageVersionHash: storageVersionHash(kind) } : {}),
  };
}

function subresourceEntry(kind: Kind, name: string): ApiResource {
  const { group, version, kind: ofKind, verbs } = subresourceOf(kind, name);
  return {
    name: `${kind.plural}/${name}`,
    singularName: '',
    namespaced: kind.scope === 'Namespaced',
    ...(group === undefined ? {} : { group }),
    ...(version === undefined ? {} : { version }),
    kind: ofKind,
    verbs,
  };
}

const byName = (left: { name: string }, right: { name: string }): number => (left.name < right.name ? -1 : 1);

/** The resources and subresources of the kinds of one group version, sorted by name. */
export function apiResourcesOf(kinds: readonly Kind[]): ApiResource[] {
  return kinds
    .flatMap((kind) => [resourceOf(kind), ...kind.subresources.map((name) => subresourceEntry(kind, name))])
    .sort(byName);
}
