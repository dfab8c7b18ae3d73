/**
 * Discovery: which groups, versions and resources there are, as `kubectl api-resources` and every client's REST mapper
 * read it. Pure builders from the list of kinds; `discoveryRoutes` makes all documents once and answers by path.
 * Source: k8s.io/apiserver pkg/endpoints/discovery, KEP-3352 (aggregated discovery).
 */
import { createHash } from 'node:crypto';
import type { Kind } from '../kinds/kind.ts';
import { apiVersionOf } from '../kinds/object.ts';
import { type AggregatedVersion, aggregatedDiscovery } from './discovery-aggregated.ts';
import { type ApiResource, apiResourcesOf } from './discovery-resources.ts';

/** Where groups stand in the list, as kube-aggregator orders them by the priority of their APIServices. */
const groupOrder = [
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'internal.apiserver.k8s.io',
  'resource.k8s.io',
];

export interface GroupVersion {
  groupVersion: string;
  version: string;
}

export interface ApiGroup {
  name: string;
  versions: GroupVersion[];
  preferredVersion: GroupVersion;
}

/** Known groups in upstream's order, then the others by name; the core group is not among them. */
function groupsOf(kinds: readonly Kind[]): string[] {
  const names = [...new Set(kinds.map((kind) => kind.group))].filter((name) => name !== '').sort();
  const place = (name: string) => (groupOrder.includes(name) ? groupOrder.indexOf(name) : groupOrder.length);
  return names.sort((left, right) => place(left) - place(right));
}

const stages = ['alpha', 'beta'];

/** Go's version.CompareKubeAwareVersionStrings: stable before beta before alpha, higher before lower. */
function versionRank(version: string): number[] {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (match === null) return [-1, 0, 0];
  const [, major, stage, minor] = match;
  return [stage === undefined ? stages.length : stages.indexOf(stage), Number(major), Number(minor ?? 0)];
}

function compareVersions(left: string, right: string): number {
  const ranks = versionRank(right).map((rank, index) => rank - (versionRank(left)[index] as number));
  return ranks.find((difference) => difference !== 0) ?? (left < right ? -1 : 1);
}

/** The versions of a group, the preferred one first. */
export function versionsOf(kinds: readonly Kind[], group: string): string[] {
  const versions = kinds.filter((kind) => kind.group === group).map((kind) => kind.version);
  return [...new Set(versions)].sort(compareVersions);
}

/** `/api` */
function apiVersions(kinds: readonly Kind[], serverAddress: string) {
  return {
    kind: 'APIVersions',
    versions: versionsOf(kinds, ''),
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

function apiGroup(kinds: readonly Kind[], name: string): ApiGroup {
  const versions = versionsOf(kinds, name).map((version) => ({
    groupVersion: apiVersionOf(name, version),
    version,
  }));
  return { name, versions, preferredVersion: versions[0] as GroupVersion };
}

/** `/apis` */
export function apiGroupList(kinds: readonly Kind[]) {
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groupsOf(kinds).map((name) => apiGroup(kinds, name)),
  };
}

/** `/apis/apps`; undefined when there is no such group. */
export function apiGroupOf(kinds: readonly Kind[], name: string) {
  return groupsOf(kinds).includes(name)
    ? { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(kinds, name) }
    : undefined;
}

/** `/api/v1`, `/apis/apps/v1`; undefined when there is none. The core list has no apiVersion, upstream's old habit. */
export function apiResourceList(kinds: readonly Kind[], group: string, version: string) {
  const own = kinds.filter((kind) => kind.group === group && kind.version === version);
  if (own.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: apiVersionOf(group, version),
    resources: apiResourcesOf(own),
  };
}

export type { ApiResource };

export interface DiscoveryAnswer {
  readonly contentType: string;
  readonly body: Buffer;
  /** Only aggregated documents have one: quoted, strong. */
  readonly etag?: string;
}

const aggregatedTypes: readonly { version: AggregatedVersion; pattern: RegExp }[] = [
  { version: 'v2', pattern: /;v=v2(?:;|$)/ },
  { version: 'v2beta1', pattern: /;v=v2beta1(?:;|$)/ },
];

/** Which aggregated form an Accept header asks for first; undefined for the plain documents. */
export function aggregatedVersionWanted(accept: string | undefined): AggregatedVersion | undefined {
  for (const range of (accept ?? '').split(',').map((part) => part.replaceAll(' ', ''))) {
    if (!range.startsWith('application/json')) continue;
    if (!range.includes('as=APIGroupDiscoveryList')) return undefined;
    if (!range.includes('g=apidiscovery.k8s.io')) continue;
    const wanted = aggregatedTypes.find(({ pattern }) => pattern.test(range));
    if (wanted !== undefined) return wanted.version;
  }
  return undefined;
}

function plain(document: unknown): DiscoveryAnswer {
  return { contentType: 'application/json', body: Buffer.from(`${JSON.stringify(document)}\n`) };
}

function aggregated(
  kinds: readonly Kind[],
  groups: readonly string[],
  version: AggregatedVersion,
): DiscoveryAnswer {
  const versions = new Map(groups.map((group) => [group, versionsOf(kinds, group)]));
  const body = Buffer.from(`${JSON.stringify(aggregatedDiscovery(kinds, versions, version))}\n`);
  return {
    contentType: `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
    body,
    etag: `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`,
  };
}

/** Answers discovery requests from documents that are made at first use and kept. */
export class Discovery {
  readonly #kinds: readonly Kind[];
  readonly #serverAddress: string;
  readonly #made = new Map<string, DiscoveryAnswer | undefined>();

  /** `serverAddress` is `host:port`, told to clients of `/api`. */
  constructor(kinds: readonly Kind[], serverAddress: string) {
    this.#kinds = kinds;
    this.#serverAddress = serverAddress;
  }

  #document(path: string): unknown {
    const [, root, group, version] = path.split('/');
    if (path === '/api') return apiVersions(this.#kinds, this.#serverAddress);
    if (path === '/apis') return apiGroupList(this.#kinds);
    if (root === 'api')
      return version === undefined ? apiResourceList(this.#kinds, '', group as string) : undefined;
    if (version === undefined) return apiGroupOf(this.#kinds, group as string);
    return apiResourceList(this.#kinds, group as string, version);
  }

  #has(path: string): boolean {
    const [, root, group, version, ...more] = path.split('/');
    if (more.length > 0 || (root !== 'api' && root !== 'apis')) return false;
    if (group === undefined) return true;
    if (root === 'api') return version === undefined && versionsOf(this.#kinds, '').includes(group);
    if (group === '') return false;
    const versions = versionsOf(this.#kinds, group);
    return version === undefined ? versions.length > 0 : versions.includes(version);
  }

  /**
   * The answer for a path without query and without a slash at its end: `/api`, `/apis`, `/api/v1`, `/apis/apps`,
   * `/apis/apps/v1`. Undefined when there is no such document. The aggregated forms exist for `/api` and `/apis`; all
   * answers want `vary: Accept`.
   */
  answer(path: string, accept: string | undefined): DiscoveryAnswer | undefined {
    if (!this.#has(path)) return undefined;
    const isRoot = path === '/api' || path === '/apis';
    const version = isRoot ? aggregatedVersionWanted(accept) : undefined;
    const key = `${version ?? 'plain'} ${path}`;
    let made = this.#made.get(key);
    if (made === undefined) {
      const groups = path === '/api' ? [''] : groupsOf(this.#kinds);
      made = version === undefined ? plain(this.#document(path)) : aggregated(this.#kinds, groups, version);
      this.#made.set(key, made);
    }
    return made;
  }
}
