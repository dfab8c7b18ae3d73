/** A container's environment. Source of rules and wording: pkg/apis/core/validation of Kubernetes. */
import { type FieldError, invalid, notFound, type Path, required } from '../field.ts';
import type { EnvFromSource, EnvVar, EnvVarSource, FileKeySelector, Volume } from '../generated/types.ts';
import { isConfigMapKey, isDNS1123Subdomain, isEnvVarName } from '../names.ts';
import { invalidEach, requireText, validateDNS1123Label, validateLocalNonReservedPath } from './checks.ts';
import { envFieldPaths, validateFieldSelector, validateResourceSelector } from './validate-field-refs.ts';

function validateKeySelector(selector: { name?: string; key: string }, at: Path): FieldError[] {
  const name = selector.name ?? '';
  return [
    ...invalidEach(at.child('name'), name, isDNS1123Subdomain(name)),
    ...(selector.key
      ? invalidEach(at.child('key'), selector.key, isConfigMapKey(selector.key))
      : [required(at.child('key'), '')]),
  ];
}

function validateFileKey(selector: FileKeySelector, at: Path): FieldError[] {
  return [
    ...(selector.volumeName
      ? validateDNS1123Label(selector.volumeName, at.child('volumeName'))
      : [required(at.child('volumeName'), '')]),
    ...(selector.path
      ? validateLocalNonReservedPath(selector.path, at.child('path'))
      : [required(at.child('path'), '')]),
    ...(selector.key
      ? invalidEach(at.child('key'), selector.key, isEnvVarName(selector.key))
      : [required(at.child('key'), '')]),
  ];
}

function validateValueFrom(source: EnvVarSource, value: string | undefined, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  if (source.fieldRef != null)
    errors.push(...validateFieldSelector(source.fieldRef, envFieldPaths, at.child('fieldRef')));
  if (source.resourceFieldRef != null)
    errors.push(
      ...validateResourceSelector(source.resourceFieldRef, at.child('resourceFieldRef'), 'optional'),
    );
  if (source.configMapKeyRef != null)
    errors.push(...validateKeySelector(source.configMapKeyRef, at.child('configMapKeyRef')));
  if (source.secretKeyRef != null)
    errors.push(...validateKeySelector(source.secretKeyRef, at.child('secretKeyRef')));
  if (source.fileKeyRef != null) errors.push(...validateFileKey(source.fileKeyRef, at.child('fileKeyRef')));

  const count = Object.values(source).filter((each) => each != null).length;
  if (count === 0)
    errors.push(
      invalid(
        at,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ),
    );
  else if (value) errors.push(invalid(at, '', 'may not be specified when `value` is not empty'));
  else if (count > 1) errors.push(invalid(at, '', 'may not have more than one field specified at a time'));
  return errors;
}

export function validateEnv(variables: readonly EnvVar[] | undefined, at: Path): FieldError[] {
  return (variables ?? []).flatMap((variable, index) => {
    const here = at.index(index);
    const errors = variable.name
      ? invalidEach(here.child('name'), variable.name, isEnvVarName(variable.name))
      : [required(here.child('name'), '')];
    if (variable.valueFrom != null)
      errors.push(...validateValueFrom(variable.valueFrom, variable.value, here.child('valueFrom')));
    return errors;
  });
}

/** What is read of files is read of folders that the pod itself has written. */
export function validateFileKeyVolumes(
  variables: readonly EnvVar[] | undefined,
  volumes: readonly Volume[] | undefined,
  at: Path,
): FieldError[] {
  return (variables ?? []).flatMap(({ valueFrom }, index) => {
    const name = valueFrom?.fileKeyRef?.volumeName;
    if (!name) return [];
    const here = at.index(index).child('valueFrom', 'fileKeyRef', 'volumeName');
    const volume = volumes?.find((each) => each.name === name);
    if (volume === undefined) return [notFound(here, name)];
    return volume.emptyDir == null ? [invalid(here, name, 'referenced volume must be of type emptyDir')] : [];
  });
}

function validateSourceName(name: string | undefined, at: Path): FieldError[] {
  const missing = requireText(name, at.child('name'));
  // As upstream: the name may be a prefix here, so one dash at its end is let pass.
  return missing.length > 0
    ? missing
    : invalidEach(at.child('name'), name, isDNS1123Subdomain((name as string).replace(/-$/, 'a')));
}

export function validateEnvFrom(list: readonly EnvFromSource[] | undefined, at: Path): FieldError[] {
  return (list ?? []).flatMap((source, index) => {
    const here = at.index(index);
    const errors: FieldError[] = [];
    if (source.prefix)
      errors.push(...invalidEach(here.child('prefix'), source.prefix, isEnvVarName(source.prefix)));
    for (const name of ['configMapRef', 'secretRef'] as const) {
      const reference = source[name];
      if (reference != null) errors.push(...validateSourceName(reference.name, here.child(name)));
    }
    if (source.configMapRef == null && source.secretRef == null)
      errors.push(invalid(at, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (source.configMapRef != null && source.secretRef != null)
      errors.push(invalid(at, '', 'may not have more than one field specified at a time'));
    return errors;
  });
}
