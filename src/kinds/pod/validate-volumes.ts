/** The volumes of a pod. Source of rules and wording: pkg/apis/core/validation of Kubernetes. */
import { parseQuantity } from '../../lib/quantity.ts';
import { duplicate, type FieldError, forbidden, invalid, type Path, required } from '../field.ts';
import type { PodSpec, Volume } from '../generated/types.ts';
import { isDNS1123Subdomain } from '../names.ts';
import { requireText, validateChoice, validateDNS1123Label, validateLocalDescendingPath } from './checks.ts';
import { validateClaimTemplate } from './validate-claim-template.ts';
import {
  validateConfigMapVolume,
  validateDownwardVolume,
  validateProjectedVolume,
  validateSecretVolume,
} from './validate-projected.ts';
import * as sources from './validate-volume-sources.ts';

type SourceName = Exclude<keyof Volume, 'name'>;
type Check<Name extends SourceName> = (source: NonNullable<Volume[Name]>, at: Path) => FieldError[];

/** The fields that must be there, and nothing more to check. */
const needs =
  <Source extends object>(...names: (keyof Source & string)[]) =>
  (source: Source, at: Path): FieldError[] =>
    names.flatMap((name) => {
      const value = source[name] as unknown;
      return value == null || value === '' || (Array.isArray(value) && value.length === 0)
        ? [required(at.child(name), '')]
        : [];
    });

function validateEmptyDir(source: NonNullable<Volume['emptyDir']>, at: Path): FieldError[] {
  const limit = source.sizeLimit === undefined ? undefined : parseQuantity(String(source.sizeLimit));
  return limit !== undefined && limit.nanos < 0n
    ? [forbidden(at.child('sizeLimit'), 'SizeLimit field must be a valid resource quantity')]
    : [];
}

function validateImage(source: NonNullable<Volume['image']>, at: Path): FieldError[] {
  return [
    ...requireText(source.reference, at.child('reference')),
    ...validateChoice(source.pullPolicy, ['Always', 'IfNotPresent', 'Never'], at.child('pullPolicy')),
  ];
}

/** In upstream's order: of two sources, the second is the one too many. */
const checks: { readonly [Name in SourceName]: Check<Name> } = {
  emptyDir: validateEmptyDir,
  hostPath: sources.validateHostPath,
  gitRepo: (source, at) => [
    ...requireText(source.repository, at.child('repository')),
    ...validateLocalDescendingPath(source.directory ?? '', at.child('directory')),
  ],
  gcePersistentDisk: (source, at) => [
    ...requireText(source.pdName, at.child('pdName')),
    ...sources.validatePartition(source.partition, at),
  ],
  awsElasticBlockStore: (source, at) => [
    ...requireText(source.volumeID, at.child('volumeID')),
    ...sources.validatePartition(source.partition, at),
  ],
  secret: validateSecretVolume,
  nfs: sources.validateNFS,
  iscsi: sources.validateISCSI,
  glusterfs: needs('endpoints', 'path'),
  flocker: sources.validateFlocker,
  persistentVolumeClaim: needs('claimName'),
  rbd: needs('monitors', 'image'),
  cinder: (source, at) => [
    ...requireText(source.volumeID, at.child('volumeID')),
    ...(source.secretRef === undefined
      ? []
      : requireText(source.secretRef.name, at.child('secretRef', 'name'))),
  ],
  cephfs: needs('monitors'),
  quobyte: sources.validateQuobyte,
  downwardAPI: validateDownwardVolume,
  fc: sources.validateFC,
  flexVolume: sources.validateFlex,
  configMap: validateConfigMapVolume,
  azureFile: needs('secretName', 'shareName'),
  vsphereVolume: needs('volumePath'),
  photonPersistentDisk: needs('pdID'),
  portworxVolume: needs('volumeID'),
  azureDisk: sources.validateAzureDisk,
  storageos: sources.validateStorageOS,
  projected: validateProjectedVolume,
  scaleIO: needs('gateway', 'system', 'volumeName'),
  csi: sources.validateCSI,
  ephemeral: (source, at) =>
    source.volumeClaimTemplate === undefined
      ? [required(at.child('volumeClaimTemplate'), '')]
      : validateClaimTemplate(source.volumeClaimTemplate, at.child('volumeClaimTemplate')),
  image: validateImage,
};

/** Names under which upstream reports a source, where they differ from the field's. */
const reportedAs: Readonly<Record<string, string>> = { gcePersistentDisk: 'persistentDisk' };
const secondReportedAs: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

function validateSource(volume: Volume, at: Path, podName: string | undefined): FieldError[] {
  const errors: FieldError[] = [];
  let count = 0;
  for (const [name, check] of Object.entries(checks)) {
    const source = volume[name as SourceName];
    if (source == null) continue;
    count += 1;
    if (count > 1)
      errors.push(
        forbidden(at.child(secondReportedAs[name] ?? name), 'may not specify more than 1 volume type'),
      );
    else
      errors.push(
        ...(check as (source: unknown, at: Path) => FieldError[])(source, at.child(reportedAs[name] ?? name)),
      );
  }
  if (count === 0) errors.push(required(at, 'must specify a volume type'));
  if (volume.iscsi?.initiatorName !== undefined && `${volume.name}:${volume.iscsi.targetPortal}`.length > 64)
    errors.push(
      invalid(
        at.child('name'),
        volume.name,
        'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
      ),
    );
  if (volume.ephemeral != null && podName && volume.name) {
    const claim = `${podName}-${volume.name}`;
    for (const message of isDNS1123Subdomain(claim))
      errors.push(invalid(at.child('name'), volume.name, `PVC name ${JSON.stringify(claim)}: ${message}`));
  }
  return errors;
}

export type Volumes = ReadonlyMap<string, Volume>;

/** `podName` is absent in a template. The volumes that are returned are the good ones: only those can be mounted. */
export function validateVolumes(
  spec: PodSpec,
  podName: string | undefined,
  at: Path,
): { errors: FieldError[]; volumes: Volumes } {
  const list = spec.volumes ?? [];
  const errors: FieldError[] = [];
  const volumes = new Map<string, Volume>();
  const created = new Set<string>();
  if (podName)
    for (const volume of list) if (volume.ephemeral != null) created.add(`${podName}-${volume.name}`);
  for (const [index, volume] of list.entries()) {
    const here = at.index(index);
    const found = validateSource(volume, here, podName);
    if (volume.name) found.push(...validateDNS1123Label(volume.name, here.child('name')));
    else found.push(required(here.child('name'), ''));
    if (volumes.has(volume.name)) found.push(duplicate(here.child('name'), volume.name));
    if (found.length === 0) volumes.set(volume.name, volume);
    errors.push(...found);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && created.has(claim))
      errors.push(
        invalid(
          here.child('persistentVolumeClaim', 'claimName'),
          claim,
          'must not reference a PVC that gets created for an ephemeral volume',
        ),
      );
  }
  return { errors, volumes };
}
