/** What a container mounts. Source of rules and wording: pkg/apis/core/validation of Kubernetes. */
import {
  type FieldError,
  forbidden,
  invalid,
  notFound,
  notSupported,
  type Path,
  required,
} from '../field.ts';
import type { Container, EphemeralContainer, VolumeDevice, VolumeMount } from '../generated/types.ts';
import { validateLocalDescendingPath, validatePathNoBacksteps } from './checks.ts';
import type { Volumes } from './validate-volumes.ts';

type AnyContainer = Container | EphemeralContainer;

function validatePropagation(mount: VolumeMount, container: AnyContainer, at: Path): FieldError[] {
  const propagation = mount.mountPropagation;
  if (propagation === undefined) return [];
  const supported = ['Bidirectional', 'HostToContainer', 'None'];
  const errors: FieldError[] = supported.includes(propagation)
    ? []
    : [notSupported(at, propagation, supported)];
  if (propagation === 'Bidirectional' && container.securityContext?.privileged !== true)
    errors.push(forbidden(at, 'Bidirectional mount propagation is available only to privileged containers'));
  return errors;
}

function validateRecursiveReadOnly(mount: VolumeMount, at: Path): FieldError[] {
  const mode = mount.recursiveReadOnly;
  if (mode === undefined || mode === 'Disabled') return [];
  if (mode !== 'Enabled' && mode !== 'IfPossible')
    return [notSupported(at, mode, ['Disabled', 'Enabled', 'IfPossible'])];
  const errors: FieldError[] = [];
  if (!mount.readOnly) errors.push(forbidden(at, 'may only be specified when readOnly is true'));
  if (mount.mountPropagation !== undefined && mount.mountPropagation !== 'None')
    errors.push(forbidden(at, 'may only be specified when mountPropagation is None or not specified'));
  return errors;
}

function validateSubPath(mount: VolumeMount, volumes: Volumes, here: Path, list: Path): FieldError[] {
  const errors: FieldError[] = [];
  if (volumes.get(mount.name)?.image != null)
    for (const name of ['subPath', 'subPathExpr'] as const)
      if (mount[name])
        errors.push(invalid(here.child(name), mount[name], 'not allowed in image volume sources'));
  // Upstream reports a bad path at the list, not at its element.
  if (mount.subPath) errors.push(...validateLocalDescendingPath(mount.subPath, list.child('subPath')));
  if (mount.subPathExpr) {
    if (mount.subPath)
      errors.push(
        invalid(
          here.child('subPathExpr'),
          mount.subPathExpr,
          'subPathExpr and subPath are mutually exclusive',
        ),
      );
    errors.push(...validateLocalDescendingPath(mount.subPathExpr, list.child('subPathExpr')));
  }
  return errors;
}

export function validateVolumeMounts(container: AnyContainer, volumes: Volumes, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  if (container.volumeMounts == null) return errors;
  const mountPaths = new Set<string>();
  const deviceNames = new Set(container.volumeDevices?.map((device) => device.name));
  const devicePaths = new Set(container.volumeDevices?.map((device) => device.devicePath));
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const here = at.index(index);
    const mountPath = mount.mountPath ?? '';
    if (!mount.name) errors.push(required(here.child('name'), ''));
    if (!volumes.has(mount.name)) errors.push(notFound(here.child('name'), mount.name ?? ''));
    if (mountPath === '') errors.push(required(here.child('mountPath'), ''));
    if (mountPaths.has(mountPath)) errors.push(invalid(here.child('mountPath'), mountPath, 'must be unique'));
    mountPaths.add(mountPath);
    if (deviceNames.has(mount.name))
      errors.push(invalid(here.child('name'), mount.name, 'must not already exist in volumeDevices'));
    if (devicePaths.has(mountPath))
      errors.push(
        invalid(here.child('mountPath'), mountPath, 'must not already exist as a path in volumeDevices'),
      );
    errors.push(...validateSubPath(mount, volumes, here, at));
    errors.push(...validatePropagation(mount, container, at.child('mountPropagation')));
    errors.push(...validateRecursiveReadOnly(mount, at.child('recursiveReadOnly')));
  }
  return errors;
}

function validateDeviceName(
  device: VolumeDevice,
  volumes: Volumes,
  names: ReadonlySet<string>,
  at: Path,
): FieldError[] {
  const errors: FieldError[] = [];
  const volume = volumes.get(device.name);
  if (!device.name) errors.push(required(at, ''));
  if (names.has(device.name)) errors.push(invalid(at, device.name, 'must be unique'));
  if (volume !== undefined && volume.persistentVolumeClaim == null && volume.ephemeral == null)
    errors.push(
      invalid(
        at,
        device.name,
        'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
      ),
    );
  if (volume === undefined) errors.push(notFound(at, device.name ?? ''));
  return errors;
}

export function validateVolumeDevices(container: AnyContainer, volumes: Volumes, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  if (container.volumeDevices == null) return errors;
  const names = new Set<string>();
  const paths = new Set<string>();
  const mountNames = new Set(container.volumeMounts?.map((mount) => mount.name));
  const mountPaths = new Set(container.volumeMounts?.map((mount) => mount.mountPath));
  for (const [index, device] of (container.volumeDevices ?? []).entries()) {
    const name = at.index(index).child('name');
    const here = at.index(index).child('devicePath');
    const path = device.devicePath ?? '';
    errors.push(...validateDeviceName(device, volumes, names, name));
    if (path === '') errors.push(required(here, ''));
    if (paths.has(path)) errors.push(invalid(here, path, 'must be unique'));
    if (path !== '' && validatePathNoBacksteps(path, here).length > 0)
      errors.push(invalid(here, path, "can not contain backsteps ('..')"));
    else paths.add(path);
    if (mountNames.has(device.name))
      errors.push(invalid(name, device.name, 'must not already exist in volumeMounts'));
    if (mountPaths.has(path))
      errors.push(invalid(here, path, 'must not already exist as a path in volumeMounts'));
    if (device.name) names.add(device.name);
  }
  return errors;
}
