/** Warnings about volumes. Source of wording: pkg/api/pod/warnings.go of Kubernetes. */
import type { Path } from '../field.ts';
import type { PodSpec, Volume, VolumeProjection } from '../generated/types.ts';

/** The plugin's field, the name it is reported under, and what became of it. */
const oldPlugins: readonly (readonly [keyof Volume, string, string])[] = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

/** Files of a source that may stand where a token stands, each with the path upstream gives it. */
function filesOf(source: VolumeProjection, at: Path): { path: string; at: Path }[] {
  const placed = (items: readonly { path: string }[] | undefined, name: string) =>
    (items ?? []).map(({ path }, index) => ({ path, at: at.child(name).index(index) }));
  const bundle = source.clusterTrustBundle;
  return [
    ...placed(source.configMap?.items, 'configMap'),
    ...placed(source.secret?.items, 'secrets'),
    ...placed(source.downwardAPI?.items, 'downwardAPI'),
    ...(bundle === undefined ? [] : [{ path: bundle.path, at: at.child('ClusterTrustBundle') }]),
  ];
}

export function volumeWarnings(spec: PodSpec, at: Path): string[] {
  const warnings: string[] = [];
  const volumes = spec.volumes ?? [];
  const tokens = new Set<string>();
  for (const [index, volume] of volumes.entries()) {
    for (const [field, name, why] of oldPlugins)
      if (volume[field] != null) warnings.push(`${at.child('volumes').index(index).child(name)}: ${why}`);
    for (const source of volume.projected?.sources ?? [])
      if (source.serviceAccountToken != null) tokens.add(source.serviceAccountToken.path);
  }
  if (tokens.size === 0) return warnings;
  for (const [index, volume] of volumes.entries())
    for (const source of volume.projected?.sources ?? [])
      for (const file of filesOf(source, at.child('volumes').index(index).child('projected', 'sources')))
        if (tokens.has(file.path))
          warnings.push(
            `${file.at}: has duplicated path with ServiceAccountToken ${JSON.stringify(file.path)}`,
          );
  return warnings;
}
