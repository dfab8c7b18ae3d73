/** Aggregated discovery (KEP-3352): all groups, versions and resources in one document. */
import type { Kind } from '../kinds/kind.ts';
import { subresourceOf } from './discovery-resources.ts';

/** v2beta1 is what kubectl before 1.30 asks for; the shape is the same. */
export type AggregatedVersion = 'v2' | 'v2beta1';

const byField = (field: string) => (left: Record<string, unknown>, right: Record<string, unknown>) =>
  (left[field] as string) < (right[field] as string) ? -1 : 1;

/** Group and version stay empty when they are those of the document's own group version, as upstream leaves them. */
function subresourceEntry(kind: Kind, name: string) {
  const { group = '', version = '', kind: responseKind, verbs } = subresourceOf(kind, name);
  return { subresource: name, responseKind: { group, version, kind: responseKind }, verbs };
}

function resourceEntry(kind: Kind) {
  const subresources = kind.subresources
    .map((name) => subresourceEntry(kind, name))
    .sort(byField('subresource'));
  return {
    resource: kind.plural,
    responseKind: { group: '', version: '', kind: kind.kind },
    scope: kind.scope,
    singularResource: kind.singular,
    verbs: [...kind.verbs].sort(),
    ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}

function versionEntry(kinds: readonly Kind[], group: string, version: string) {
  const own = kinds.filter((kind) => kind.group === group && kind.version === version);
  return { version, resources: own.map(resourceEntry).sort(byField('resource')), freshness: 'Current' };
}

/** The APIGroupDiscoveryList of these groups, in their order: group -> versions, the preferred one first. */
export function aggregatedDiscovery(
  kinds: readonly Kind[],
  groups: ReadonlyMap<string, readonly string[]>,
  version: AggregatedVersion,
) {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: [...groups].map(([name, versions]) => ({
      metadata: name === '' ? {} : { name },
      versions: versions.map((each) => versionEntry(kinds, name, each)),
    })),
  };
}
