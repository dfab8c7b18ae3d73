/** Sources of volumes that are not the API's own. Source of rules and wording: pkg/apis/core/validation of Kubernetes. */
import { type FieldError, invalid, notSupported, type Path, required, tooLong } from '../field.ts';
import type {
  AzureDiskVolumeSource,
  CSIVolumeSource,
  FCVolumeSource,
  FlexVolumeSource,
  FlockerVolumeSource,
  HostPathVolumeSource,
  ISCSIVolumeSource,
  NFSVolumeSource,
  QuobyteVolumeSource,
  StorageOSVolumeSource,
} from '../generated/types.ts';
import { isDNS1123Subdomain } from '../names.ts';
import {
  inclusiveRange,
  invalidEach,
  requireText,
  validateDNS1123Label,
  validateOptionalChoice,
  validatePathNoBacksteps,
} from './checks.ts';

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

export function validateHostPath(source: HostPathVolumeSource, at: Path): FieldError[] {
  if (!source.path) return [required(at.child('path'), '')];
  return [
    ...validatePathNoBacksteps(source.path, at.child('path')),
    ...validateOptionalChoice(source.type, hostPathTypes, at.child('type')),
  ];
}

export function validateNFS(source: NFSVolumeSource, at: Path): FieldError[] {
  return [
    ...requireText(source.server, at.child('server')),
    ...requireText(source.path, at.child('path')),
    ...((source.path ?? '').startsWith('/')
      ? []
      : [invalid(at.child('path'), source.path ?? '', 'must be an absolute path')]),
  ];
}

const iscsiNames: Readonly<Record<string, RegExp>> = {
  iqn: /^iqn\.\d{4}-\d{2}\.([A-Za-z0-9.-]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
};

function validateIscsiName(name: string, at: Path): FieldError[] {
  const kind = name.slice(0, 3);
  const pattern = Object.hasOwn(iscsiNames, kind) ? iscsiNames[kind] : undefined;
  if (pattern === undefined)
    return [invalid(at, name, 'must be valid format starting with iqn, eui, or naa')];
  return pattern.test(name) ? [] : [invalid(at, name, 'must be valid format')];
}

export function validateISCSI(source: ISCSIVolumeSource, at: Path): FieldError[] {
  const errors = requireText(source.targetPortal, at.child('targetPortal'));
  if (source.iqn) errors.push(...validateIscsiName(source.iqn, at.child('iqn')));
  else errors.push(required(at.child('iqn'), ''));
  const lun = source.lun ?? 0;
  if (lun < 0 || lun > 255) errors.push(invalid(at.child('lun'), lun, inclusiveRange(0, 255)));
  if ((source.chapAuthDiscovery || source.chapAuthSession) && source.secretRef === undefined)
    errors.push(required(at.child('secretRef'), ''));
  if (source.initiatorName !== undefined)
    errors.push(...validateIscsiName(source.initiatorName, at.child('initiatorname')));
  return errors;
}

export function validateFC(source: FCVolumeSource, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const names = source.targetWWNs ?? [];
  const ids = source.wwids ?? [];
  const here = at.child('targetWWNs');
  if (names.length === 0 && ids.length === 0)
    errors.push(required(here, 'must specify either targetWWNs or wwids, but not both'));
  if (names.length > 0 && ids.length > 0)
    errors.push(invalid(here, names, 'targetWWNs and wwids can not be specified simultaneously'));
  if (names.length > 0) {
    if (source.lun === undefined)
      errors.push(required(at.child('lun'), 'lun is required if targetWWNs is specified'));
    else if (source.lun < 0 || source.lun > 255)
      errors.push(invalid(at.child('lun'), source.lun, inclusiveRange(0, 255)));
  }
  return errors;
}

/** A partition of a cloud disk. */
export function validatePartition(partition: number | undefined, at: Path): FieldError[] {
  return partition !== undefined && (partition < 0 || partition > 255)
    ? [invalid(at.child('partition'), partition, inclusiveRange(1, 255))]
    : [];
}

export function validateFlocker(source: FlockerVolumeSource, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  if (!source.datasetName && !source.datasetUUID)
    errors.push(required(at, 'one of datasetName and datasetUUID is required'));
  if (source.datasetName && source.datasetUUID)
    errors.push(invalid(at, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'));
  if (source.datasetName?.includes('/'))
    errors.push(invalid(at.child('datasetName'), source.datasetName, "must not contain '/'"));
  return errors;
}

export function validateQuobyte(source: QuobyteVolumeSource, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const pairs = 'must be a host:port pair or multiple pairs separated by commas';
  if (!source.registry) errors.push(required(at.child('registry'), pairs));
  else if ((source.tenant ?? '').length >= 65)
    errors.push(required(at.child('tenant'), 'must be a UUID and may not exceed a length of 64 characters'));
  else if (!source.registry.split(',').every((pair) => /^(\[[^\]]*\]|[^:[\]]*):[^:[\]]*$/.test(pair)))
    errors.push(invalid(at.child('registry'), source.registry, pairs));
  return [...errors, ...requireText(source.volume, at.child('volume'))];
}

export function validateFlex(source: FlexVolumeSource, at: Path): FieldError[] {
  const errors = requireText(source.driver, at.child('driver'));
  for (const key of Object.keys(source.options ?? {})) {
    const namespace = `.${(key.split('/', 1)[0] as string).toLowerCase()}`;
    if (namespace.endsWith('.kubernetes.io') || namespace.endsWith('.k8s.io'))
      errors.push(
        invalid(at.child('options').key(key), key, 'kubernetes.io and k8s.io namespaces are reserved'),
      );
  }
  return errors;
}

export function validateAzureDisk(source: AzureDiskVolumeSource, at: Path): FieldError[] {
  const uri = source.diskURI ?? '';
  const errors = [
    ...requireText(source.diskName, at.child('diskName')),
    ...requireText(source.diskURI, at.child('diskURI')),
    ...validateOptionalChoice(source.cachingMode, ['None', 'ReadOnly', 'ReadWrite'], at.child('cachingMode')),
    ...validateOptionalChoice(source.kind, ['Dedicated', 'Managed', 'Shared'], at.child('kind')),
  ];
  if (source.kind === 'Managed' && !uri.startsWith('/subscriptions/'))
    errors.push(
      notSupported(at.child('diskURI'), uri, [
        '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}',
      ]),
    );
  if (source.kind !== undefined && source.kind !== 'Managed' && !uri.startsWith('https://'))
    errors.push(
      notSupported(at.child('diskURI'), uri, [
        'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd',
      ]),
    );
  return errors;
}

export function validateStorageOS(source: StorageOSVolumeSource, at: Path): FieldError[] {
  const errors = source.volumeName
    ? validateDNS1123Label(source.volumeName, at.child('volumeName'))
    : [required(at.child('volumeName'), '')];
  if (source.volumeNamespace)
    errors.push(...validateDNS1123Label(source.volumeNamespace, at.child('volumeNamespace')));
  if (source.secretRef !== undefined)
    errors.push(...requireText(source.secretRef.name, at.child('secretRef', 'name')));
  return errors;
}

export function validateCSI(source: CSIVolumeSource, at: Path): FieldError[] {
  const driver = source.driver ?? '';
  const here = at.child('driver');
  const errors = requireText(driver, here);
  if (driver.length > 63) errors.push(tooLong(here, 63));
  errors.push(...invalidEach(here, driver, isDNS1123Subdomain(driver.toLowerCase())));
  const secret = source.nodePublishSecretRef;
  if (secret === undefined) return errors;
  return secret.name
    ? [...errors, ...invalidEach(at.child('name'), secret.name, isDNS1123Subdomain(secret.name))]
    : [...errors, required(at.child('nodePublishSecretRef', 'name'), '')];
}
