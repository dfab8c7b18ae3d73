/** Volumes made of files that the API knows. Source of rules and wording: pkg/apis/core/validation of Kubernetes. */
import { type FieldError, forbidden, invalid, notSupported, type Path, required } from '../field.ts';
import type {
  ClusterTrustBundleProjection,
  ConfigMapVolumeSource,
  DownwardAPIVolumeFile,
  DownwardAPIVolumeSource,
  KeyToPath,
  PodCertificateProjection,
  ProjectedVolumeSource,
  SecretVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from '../generated/types.ts';
import { validateLabelSelector } from '../label-selector.ts';
import { requireText, validateFileMode, validateLocalNonReservedPath } from './checks.ts';
import { validateFieldSelector, validateResourceSelector, volumeFieldPaths } from './validate-field-refs.ts';

const tokenSecondsMin = 10 * 60;
const tokenSecondsMax = 2 ** 32;

function validateKeyToPath(item: KeyToPath, at: Path): FieldError[] {
  return [
    ...requireText(item.key, at.child('key')),
    ...requireText(item.path, at.child('path')),
    ...validateLocalNonReservedPath(item.path ?? '', at.child('path')),
    ...validateFileMode(item.mode, at.child('mode')),
  ];
}

const validateItems = (items: readonly KeyToPath[] | undefined, at: Path): FieldError[] =>
  (items ?? []).flatMap((item, index) => validateKeyToPath(item, at.child('items').index(index)));

export function validateSecretVolume(source: SecretVolumeSource, at: Path): FieldError[] {
  return [
    ...requireText(source.secretName, at.child('secretName')),
    ...validateFileMode(source.defaultMode, at.child('defaultMode')),
    ...validateItems(source.items, at),
  ];
}

export function validateConfigMapVolume(source: ConfigMapVolumeSource, at: Path): FieldError[] {
  return [
    ...requireText(source.name, at.child('name')),
    ...validateFileMode(source.defaultMode, at.child('defaultMode')),
    ...validateItems(source.items, at),
  ];
}

/** Upstream gives the errors of all files the path of their list. */
function validateDownwardFile(file: DownwardAPIVolumeFile, at: Path): FieldError[] {
  const errors = [
    ...requireText(file.path, at.child('path')),
    ...validateLocalNonReservedPath(file.path ?? '', at.child('path')),
  ];
  if (file.fieldRef !== undefined) {
    errors.push(...validateFieldSelector(file.fieldRef, volumeFieldPaths, at.child('fieldRef')));
    if (file.resourceFieldRef !== undefined)
      errors.push(
        invalid(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'),
      );
  } else if (file.resourceFieldRef !== undefined)
    errors.push(...validateResourceSelector(file.resourceFieldRef, at.child('resourceFieldRef'), 'required'));
  else errors.push(required(at, 'one of fieldRef and resourceFieldRef is required'));
  return [...errors, ...validateFileMode(file.mode, at.child('mode'))];
}

export function validateDownwardVolume(source: DownwardAPIVolumeSource, at: Path): FieldError[] {
  return [
    ...validateFileMode(source.defaultMode, at.child('defaultMode')),
    ...(source.items ?? []).flatMap((file) => validateDownwardFile(file, at)),
  ];
}

/** `whole` is the path of the projected volume: that is where upstream puts the errors of the token's path. */
function validateToken(token: ServiceAccountTokenProjection, at: Path, whole: Path): FieldError[] {
  const errors: FieldError[] = [];
  const seconds = token.expirationSeconds ?? 0;
  const here = at.child('expirationSeconds');
  if (seconds < tokenSecondsMin)
    errors.push(invalid(here, seconds, 'may not specify a duration less than 10 minutes'));
  if (seconds > tokenSecondsMax)
    errors.push(invalid(here, seconds, 'may not specify a duration larger than 2^32 seconds'));
  return token.path
    ? [...errors, ...validateLocalNonReservedPath(token.path, whole.child('path'))]
    : [...errors, required(whole.child('path'), '')];
}

function validateTrustBundle(bundle: ClusterTrustBundleProjection, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  if (bundle.name !== undefined && bundle.signerName !== undefined)
    errors.push(invalid(at, bundle, 'only one of name and signerName may be used'));
  else if (bundle.name !== undefined) {
    errors.push(...requireText(bundle.name, at.child('name'), 'must be a valid object name'));
    if (bundle.labelSelector !== undefined)
      errors.push(
        invalid(
          at.child('labelSelector'),
          bundle.labelSelector,
          'labelSelector must be unset if name is specified',
        ),
      );
  } else if (bundle.signerName !== undefined) {
    errors.push(...requireText(bundle.signerName, at.child('signerName'), 'must be a valid signer name'));
    errors.push(...validateLabelSelector(bundle.labelSelector, at.child('labelSelector')));
  } else errors.push(required(at, 'either name or signerName must be specified'));
  return [
    ...errors,
    ...requireText(bundle.path, at.child('path')),
    ...validateLocalNonReservedPath(bundle.path ?? '', at.child('path')),
  ];
}

const certificateKeyTypes = ['ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519', 'RSA3072', 'RSA4096'];
const certificateSecondsMin = 3600;
const certificateSecondsMax = 91 * 24 * 3600;

function validateCertificate(certificate: PodCertificateProjection, at: Path): FieldError[] {
  const errors = requireText(certificate.signerName, at.child('signerName'));
  if (!certificateKeyTypes.includes(certificate.keyType))
    errors.push(notSupported(at.child('keyType'), certificate.keyType ?? '', certificateKeyTypes));
  const seconds = certificate.maxExpirationSeconds;
  if (seconds !== undefined && seconds < certificateSecondsMin)
    errors.push(
      invalid(at.child('maxExpirationSeconds'), seconds, 'if provided, maxExpirationSeconds must be >= 3600'),
    );
  if (seconds !== undefined && seconds > certificateSecondsMax)
    errors.push(
      invalid(
        at.child('maxExpirationSeconds'),
        seconds,
        'if provided, maxExpirationSeconds must be <= 7862400',
      ),
    );
  const { credentialBundlePath, keyPath, certificateChainPath } = certificate;
  if (!credentialBundlePath && !keyPath && !certificateChainPath)
    errors.push(
      required(at, 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath'),
    );
  for (const name of ['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const) {
    const path = certificate[name];
    if (path) errors.push(...validateLocalNonReservedPath(path, at.child(name)));
  }
  return errors;
}

/** The files of one source, and what each is called in an error about two with one path. */
function filesOf(source: VolumeProjection): { path: string; shown: string }[] {
  const files: { path: string | undefined; shown: string | undefined }[] = [];
  for (const item of source.secret?.items ?? []) files.push({ path: item.path, shown: source.secret?.name });
  for (const item of source.configMap?.items ?? [])
    files.push({ path: item.path, shown: source.configMap?.name });
  for (const item of source.downwardAPI?.items ?? []) files.push({ path: item.path, shown: item.path });
  const bundle = source.clusterTrustBundle;
  if (bundle !== undefined) files.push({ path: bundle.path, shown: bundle.path });
  const certificate = source.podCertificate;
  for (const path of [
    certificate?.credentialBundlePath,
    certificate?.keyPath,
    certificate?.certificateChainPath,
  ])
    files.push({ path, shown: path });
  return files.flatMap(({ path, shown }) => (path ? [{ path, shown: shown ?? '' }] : []));
}

function validateSource(source: VolumeProjection, at: Path, whole: Path): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ['secret', 'configMap'] as const) {
    const files = source[name];
    if (files === undefined) continue;
    errors.push(...requireText(files.name, at.child(name, 'name')));
    errors.push(...validateItems(files.items, at.child(name)));
  }
  for (const file of source.downwardAPI?.items ?? [])
    errors.push(...validateDownwardFile(file, at.child('downwardAPI')));
  if (source.serviceAccountToken !== undefined)
    errors.push(...validateToken(source.serviceAccountToken, at.child('serviceAccountToken'), whole));
  if (source.clusterTrustBundle !== undefined)
    errors.push(...validateTrustBundle(source.clusterTrustBundle, at.child('clusterTrustBundle')));
  if (source.podCertificate !== undefined)
    errors.push(...validateCertificate(source.podCertificate, at.child('podCertificate')));
  return errors;
}

export function validateProjectedVolume(projected: ProjectedVolumeSource, at: Path): FieldError[] {
  const errors = validateFileMode(projected.defaultMode, at.child('defaultMode'));
  const paths = new Set<string>();
  // The error names the source, not the path: once for each is enough.
  const reported = new Set<string>();
  for (const [index, source] of (projected.sources ?? []).entries()) {
    const here = at.child('sources').index(index);
    errors.push(...validateSource(source, here, at));
    for (const { path, shown } of filesOf(source)) {
      if (paths.has(path) && !reported.has(shown)) {
        errors.push(invalid(at, shown, 'conflicting duplicate paths'));
        reported.add(shown);
      }
      paths.add(path);
    }
    if (Object.values(source).filter((each) => each != null).length > 1)
      errors.push(forbidden(here, 'may not specify more than 1 volume type per source'));
  }
  return errors;
}
