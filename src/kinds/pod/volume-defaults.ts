/** Defaults of volumes. Source: pkg/apis/core/v1/defaults.go and the +default marks of the v1 types of Kubernetes. */
import { canonicalQuantity } from '../../lib/quantity.ts';
import type {
  DownwardAPIVolumeFile,
  EnvVarSource,
  PersistentVolumeClaimSpec,
  ProjectedVolumeSource,
  ResourceFieldSelector,
  Volume,
} from '../generated/types.ts';
import { setOwn } from '../object.ts';
import { defaultPullPolicy } from './image.ts';

const defaultMode = 0o644;
const tokenExpirationSeconds = 3600;

/** Every amount in its stored form; what is no quantity stays, for decoding has refused it already. */
export function canonicalAmounts(amounts: Record<string, string> | undefined): void {
  for (const [name, amount] of Object.entries(amounts ?? {}))
    setOwn(amounts as object, name, canonicalQuantity(String(amount)) ?? amount);
}

/** Upstream's divisor is no pointer: an unset one is written as 0. */
function defaultResourceField(field: ResourceFieldSelector | undefined): void {
  if (field !== undefined) field.divisor = canonicalQuantity(String(field.divisor ?? '0')) ?? field.divisor;
}

/** References to fields in an environment variable. */
export function defaultEnvVarSource(source: EnvVarSource | undefined): void {
  if (source?.fieldRef !== undefined) source.fieldRef.apiVersion ||= 'v1';
  if (source?.fileKeyRef !== undefined) source.fileKeyRef.optional ??= false;
  defaultResourceField(source?.resourceFieldRef);
}

function defaultDownwardFiles(files: readonly DownwardAPIVolumeFile[] | undefined): void {
  for (const file of files ?? []) {
    if (file.fieldRef !== undefined) file.fieldRef.apiVersion ||= 'v1';
    defaultResourceField(file.resourceFieldRef);
  }
}

function defaultProjected(projected: ProjectedVolumeSource): void {
  projected.defaultMode ??= defaultMode;
  for (const source of projected.sources ?? []) {
    if (source.serviceAccountToken !== undefined)
      source.serviceAccountToken.expirationSeconds ??= tokenExpirationSeconds;
    defaultDownwardFiles(source.downwardAPI?.items);
  }
}

/** A claim inside another object: an ephemeral volume, a StatefulSet's template. */
export function defaultClaimSpec(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= 'Filesystem';
  spec.resources ??= {};
  canonicalAmounts(spec.resources.limits);
  canonicalAmounts(spec.resources.requests);
}

/** Sources that only old clusters use. */
function defaultLegacySources(volume: Volume): void {
  if (volume.iscsi !== undefined) volume.iscsi.iscsiInterface ||= 'default';
  if (volume.rbd !== undefined) {
    volume.rbd.pool ||= 'rbd';
    volume.rbd.user ||= 'admin';
    volume.rbd.keyring ||= '/etc/ceph/keyring';
  }
  if (volume.azureDisk !== undefined) {
    volume.azureDisk.cachingMode ??= 'ReadWrite';
    volume.azureDisk.fsType ??= 'ext4';
    volume.azureDisk.readOnly ??= false;
    volume.azureDisk.kind ??= 'Shared';
  }
  if (volume.scaleIO !== undefined) {
    volume.scaleIO.storageMode ||= 'ThinProvisioned';
    volume.scaleIO.fsType ||= 'xfs';
  }
}

export function defaultVolume(volume: Volume): void {
  const sources = Object.entries(volume).filter(([name, source]) => name !== 'name' && source != null);
  if (sources.length === 0) volume.emptyDir = {};
  if (volume.emptyDir?.sizeLimit !== undefined)
    volume.emptyDir.sizeLimit =
      canonicalQuantity(String(volume.emptyDir.sizeLimit)) ?? volume.emptyDir.sizeLimit;
  if (volume.secret !== undefined) volume.secret.defaultMode ??= defaultMode;
  if (volume.configMap !== undefined) volume.configMap.defaultMode ??= defaultMode;
  if (volume.downwardAPI !== undefined) {
    volume.downwardAPI.defaultMode ??= defaultMode;
    defaultDownwardFiles(volume.downwardAPI.items);
  }
  if (volume.projected !== undefined) defaultProjected(volume.projected);
  if (volume.hostPath !== undefined) volume.hostPath.type ??= '';
  if (volume.image !== undefined) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference);
  const claim = volume.ephemeral?.volumeClaimTemplate;
  if (claim !== undefined) {
    claim.metadata ??= {};
    if (claim.spec !== undefined) defaultClaimSpec(claim.spec);
  }
  defaultLegacySources(volume);
}
