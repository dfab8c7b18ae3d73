/**
 * The backends of a PersistentVolume: exactly one. Most of them are of drivers that left Kubernetes; they are checked
 * for what is required of them, the living ones as upstream does.
 */
import { type FieldError, forbidden, invalid, type Path, path, required, tooLong } from './field.ts';
import type { PersistentVolumeSpec, SecretReference } from './generated/types.ts';
import { isDNS1123Subdomain } from './names.ts';
import { getOwn } from './object.ts';
import {
  requireText,
  validateDNS1123Label,
  validateDNS1123Subdomain,
  validatePathNoBacksteps,
} from './pod/checks.ts';
import { validateHostPath, validateNFS } from './pod/validate-volume-sources.ts';
import { schemaOf } from './schema.ts';

/** In upstream's order, with the name that errors use where it differs from the field's. */
const sources: readonly (readonly [keyof PersistentVolumeSpec, string?])[] = [
  ['hostPath'],
  ['gcePersistentDisk', 'persistentDisk'],
  ['awsElasticBlockStore'],
  ['glusterfs'],
  ['flocker'],
  ['nfs'],
  ['rbd'],
  ['quobyte'],
  ['cephfs'],
  ['iscsi'],
  ['cinder'],
  ['fc'],
  ['flexVolume'],
  ['azureFile'],
  ['vsphereVolume'],
  ['photonPersistentDisk'],
  ['portworxVolume'],
  ['azureDisk'],
  ['scaleIO'],
  ['local'],
  ['storageos'],
  ['csi'],
];

const driverNameBytesMax = 63;

/** The name of a CSI driver; upper case is allowed. */
export function validateDriverName(name: string, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  if (name === '') errors.push(required(at, ''));
  if (Buffer.byteLength(name) > driverNameBytesMax) errors.push(tooLong(at, driverNameBytesMax));
  for (const message of isDNS1123Subdomain(name.toLowerCase())) errors.push(invalid(at, name, message));
  return errors;
}

function validateSecretReference(reference: SecretReference, at: Path): FieldError[] {
  const { name = '', namespace = '' } = reference;
  return [
    ...(name === '' ? [required(at.child('name'), '')] : validateDNS1123Subdomain(name, at.child('name'))),
    ...(namespace === ''
      ? [required(at.child('namespace'), '')]
      : validateDNS1123Label(namespace, at.child('namespace'))),
  ];
}

const secretFields = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const;

function validateCSI(csi: NonNullable<PersistentVolumeSpec['csi']>, at: Path): FieldError[] {
  const errors = [
    ...validateDriverName(csi.driver ?? '', at.child('driver')),
    ...requireText(csi.volumeHandle, at.child('volumeHandle')),
  ];
  for (const field of secretFields) {
    const reference = csi[field];
    if (reference !== undefined) errors.push(...validateSecretReference(reference, at.child(field)));
  }
  return errors;
}

/** Every field that the schema requires, of whatever backend. */
function requireFields(source: object, field: string, at: Path): FieldError[] {
  const type = schemaOf('PersistentVolumeSpec').fields.get(field)?.type;
  if (type?.type !== 'object') return [];
  return [...schemaOf(type.schema).fields.values()]
    .filter((each) => each.required)
    .filter((each) => {
      const value = getOwn(source as Record<string, unknown>, each.name);
      return value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
    })
    .map((each) => required(at.child(each.name), ''));
}

function validateLocal(spec: PersistentVolumeSpec, at: Path): FieldError[] {
  const errors = validatePathNoBacksteps(spec.local?.path ?? '', at.child('path'));
  if (spec.nodeAffinity?.required === undefined)
    errors.push(required(path('spec', 'nodeAffinity'), 'Local volume requires node affinity'));
  return errors;
}

function validateSource(
  spec: PersistentVolumeSpec,
  field: keyof PersistentVolumeSpec,
  at: Path,
): FieldError[] {
  if (spec.csi !== undefined && field === 'csi') return validateCSI(spec.csi, at);
  if (spec.hostPath !== undefined && field === 'hostPath') return validateHostPath(spec.hostPath, at);
  if (spec.nfs !== undefined && field === 'nfs') return validateNFS(spec.nfs, at);
  const errors = requireFields(spec[field] as object, field, at);
  return field === 'local' ? [...errors, ...validateLocal(spec, at)] : errors;
}

/** One backend, and that one in order. */
export function validateSources(spec: PersistentVolumeSpec): FieldError[] {
  const at = path('spec');
  const given = sources.filter(([field]) => spec[field] !== undefined);
  if (given.length === 0) return [required(at, 'must specify a volume type')];
  return given.flatMap(([field, name = field], index) =>
    index === 0
      ? validateSource(spec, field, at.child(name))
      : [forbidden(at.child(field), 'may not specify more than 1 volume type')],
  );
}

/** The backend alone, for comparison. */
export function sourceOf(spec: PersistentVolumeSpec): Partial<PersistentVolumeSpec> {
  return Object.fromEntries(
    sources.filter(([field]) => spec[field] !== undefined).map(([field]) => [field, spec[field]]),
  );
}
