/**
 * Which volume may be a claim's. Source: k8s.io/component-helpers storage/volume (FindMatchingVolume,
 * CheckVolumeModeMismatches, CheckAccessModes), checkVolumeSatisfyClaim of pkg/controller/volume/persistentvolume.
 */
import { compareQuantity, type Quantity } from '../lib/quantity.ts';
import type { PersistentVolume, PersistentVolumeClaim } from './generated/types.ts';
import { selectorMatches } from './label-selector.ts';
import { getOwn } from './object.ts';
import { betaStorageClass } from './persistent-volume.ts';
import { type LabeledNode, termMatches } from './pod/node-selector.ts';
import { readQuantity } from './quantities.ts';

export const bindCompleted = 'pv.kubernetes.io/bind-completed';
export const boundByController = 'pv.kubernetes.io/bound-by-controller';
export const selectedNode = 'volume.kubernetes.io/selected-node';
/** Of a class whose volumes somebody makes by hand. */
export const noProvisioner = 'kubernetes.io/no-provisioner';

const modeDefault = 'Filesystem';

/** The class by its old annotation, else by its field; the empty one is none. */
export function classOf({ metadata, spec }: PersistentVolume | PersistentVolumeClaim): string {
  return getOwn(metadata.annotations, betaStorageClass) ?? spec?.storageClassName ?? '';
}

const sizeOf = ({ spec }: PersistentVolume): Quantity => readQuantity(getOwn(spec?.capacity, 'storage'));

const offersModes = ({ spec }: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  (claim.spec?.accessModes ?? []).every((mode) => spec?.accessModes?.includes(mode) === true);

const isOfMode = ({ spec }: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  (spec?.volumeMode ?? modeDefault) === (claim.spec?.volumeMode ?? modeDefault);

/** Why this volume cannot be the claim's, in upstream's words; undefined: it can. */
export function volumeMismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  const requested = readQuantity(getOwn(claim.spec?.resources?.requests, 'storage'));
  if (compareQuantity(sizeOf(volume), requested) < 0) return 'requested PV is too small';
  if (classOf(volume) !== classOf(claim)) return 'storageClassName does not match';
  if ((volume.spec?.volumeAttributesClassName ?? '') !== (claim.spec?.volumeAttributesClassName ?? ''))
    return 'volumeAttributesClassName does not match';
  if (!isOfMode(volume, claim)) return 'incompatible volumeMode';
  return offersModes(volume, claim) ? undefined : 'incompatible accessMode';
}

/** The volume is this claim's, or is kept for it. */
export function isVolumeOf({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const reference = spec?.claimRef;
  if (reference?.name !== metadata.name || reference?.namespace !== metadata.namespace) return false;
  return (reference?.uid ?? '') === '' || reference?.uid === metadata.uid;
}

/**
 * The volume, kept for the claim, for a PUT with the revision that was seen: whoever was quicker has it. One that nobody
 * had chosen for the claim says so, and is free again when the claim gets another. Source: GetBindVolumeToClaim of
 * k8s.io/component-helpers storage/volume.
 */
export function volumeKeptFor(
  volume: PersistentVolume,
  { metadata: of }: PersistentVolumeClaim,
): PersistentVolume {
  const { claimRef } = volume.spec ?? {};
  const { annotations } = volume.metadata;
  const mark = { annotations: { ...annotations, [boundByController]: 'yes' } };
  return {
    ...volume,
    metadata: { ...volume.metadata, ...(claimRef === undefined ? mark : {}) },
    spec: {
      ...volume.spec,
      claimRef: {
        ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: of.name ?? '' },
        ...(of.namespace === undefined ? {} : { namespace: of.namespace }),
        ...(of.uid === undefined ? {} : { uid: of.uid }),
        ...(of.resourceVersion === undefined ? {} : { resourceVersion: of.resourceVersion }),
      },
    },
  };
}

/** Whether pods on the node reach it. */
export function isVolumeReachable({ spec }: PersistentVolume, node: LabeledNode): boolean {
  const terms = spec?.nodeAffinity?.required?.nodeSelectorTerms;
  return terms === undefined || terms.some((term) => termMatches(term, node));
}

/**
 * The one that is kept for the claim; else, of those that are free and fit, the one with the fewest access modes and then
 * the smallest. `node`: only one that is reachable from there. `onlyKept`: a free one is not taken yet.
 */
export function bestVolume(
  volumes: readonly PersistentVolume[],
  claim: PersistentVolumeClaim,
  options: { node?: LabeledNode; onlyKept?: boolean; taken?: ReadonlySet<string> } = {},
): PersistentVolume | undefined {
  const { node, onlyKept = false, taken } = options;
  let best: PersistentVolume | undefined;
  for (const volume of volumes) {
    if (taken?.has(volume.metadata.name ?? '')) continue;
    if (node !== undefined && !isVolumeReachable(volume, node)) continue;
    if (isVolumeOf(volume, claim)) {
      if (volumeMismatch(volume, claim) === undefined) return volume;
      continue;
    }
    if (onlyKept || !isFree(volume) || volumeMismatch(volume, claim) !== undefined) continue;
    const { selector } = claim.spec ?? {};
    if (selector !== undefined && !selectorMatches(selector, volume.metadata.labels)) continue;
    if (best === undefined || isBetter(volume, best)) best = volume;
  }
  return best;
}

const isFree = ({ metadata, spec, status }: PersistentVolume): boolean =>
  spec?.claimRef === undefined && status?.phase === 'Available' && metadata.deletionTimestamp === undefined;

function isBetter(volume: PersistentVolume, than: PersistentVolume): boolean {
  const modes = (volume.spec?.accessModes?.length ?? 0) - (than.spec?.accessModes?.length ?? 0);
  if (modes !== 0) return modes < 0;
  const size = compareQuantity(sizeOf(volume), sizeOf(than));
  if (size !== 0) return size < 0;
  return (volume.metadata.name ?? '') < (than.metadata.name ?? '');
}
