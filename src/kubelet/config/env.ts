/** A container's environment. Source: makeEnvironmentVariables of kubelet/kubelet_pods.go. */
import type {
  ConfigMap,
  Container,
  EnvVar,
  FileKeySelector,
  Pod,
  Secret,
  Service,
} from '../../kinds/generated/types.ts';
import type { EnvEntry } from './env-entry.ts';
import { type EnvFiles, envFileKey, envFileValue, unreadable } from './env-file.ts';
import { ContainerConfigError } from './errors.ts';
import { expand } from './expand.ts';
import { fieldValue, type PodPlace, resourceValue } from './field-ref.ts';
import { serviceEnv } from './service-env.ts';

/** What is read of the cluster to start a container; undefined: there is none of that name. */
export interface ConfigSources {
  configMap(namespace: string, name: string): ConfigMap | undefined;
  secret(namespace: string, name: string): Secret | undefined;
  /** All Services that are there now. */
  services(): readonly Service[];
  /** Resolves when all is known that a pod names. */
  follow?(pod: Pod): Promise<void>;
  /** It is gone. */
  forget?(podUid: string): void;
}

interface EnvContext {
  readonly pod: Pod;
  readonly container: Container;
  readonly place: PodPlace;
  readonly sources: ConfigSources;
  /** Those that the container's own variables name. */
  readonly files?: EnvFiles;
}

const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');

/** The texts of a ConfigMap or a Secret; undefined when it is missing and may be. */
function textsOf(
  { pod, sources }: EnvContext,
  from: { kind: 'ConfigMap' | 'Secret'; name: string | undefined; optional: boolean | undefined },
): Map<string, string> | undefined {
  const namespace = pod.metadata.namespace ?? '';
  const { kind, name = '', optional } = from;
  if (kind === 'ConfigMap') {
    const found = sources.configMap(namespace, name);
    if (found !== undefined) return new Map(Object.entries(found.data ?? {}));
  } else {
    const found = sources.secret(namespace, name);
    if (found !== undefined)
      return new Map(Object.entries(found.data ?? {}).map(([key, value]) => [key, decode(value)]));
  }
  if (optional) return undefined;
  throw new ContainerConfigError(`${kind.toLowerCase()} "${name}" not found`);
}

function keyOf(
  context: EnvContext,
  from: { kind: 'ConfigMap' | 'Secret'; name?: string; key: string; optional?: boolean },
): string | undefined {
  const { kind, name, key, optional } = from;
  const texts = textsOf(context, { kind, name, optional });
  const text = texts?.get(key);
  if (text !== undefined || optional) return text;
  throw new ContainerConfigError(
    `couldn't find key ${key} in ${kind} ${context.pod.metadata.namespace}/${name}`,
  );
}

/** Undefined: it is optional, and left out. */
function sourcedValue(context: EnvContext, source: NonNullable<EnvVar['valueFrom']>): string | undefined {
  const { pod, container, place } = context;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
  if (fieldRef !== undefined) return fieldValue(pod, fieldRef.fieldPath, place);
  if (resourceFieldRef !== undefined)
    return resourceValue(pod, { selector: resourceFieldRef, container, place });
  if (configMapKeyRef !== undefined) return keyOf(context, { kind: 'ConfigMap', ...configMapKeyRef });
  if (secretKeyRef !== undefined) return keyOf(context, { kind: 'Secret', ...secretKeyRef });
  if (fileKeyRef !== undefined) return fileValue(context, fileKeyRef);
  return '';
}

function fileValue({ files }: EnvContext, from: FileKeySelector): string | undefined {
  const { volumeName, path, key, optional } = from;
  const file = envFileKey(volumeName, path);
  if (files?.has(file) !== true)
    throw new ContainerConfigError(`cannot find the volume "${volumeName}" referenced by FileKeyRef`);
  const text = files.get(file);
  if (text === undefined) throw unreadable();
  const value = envFileValue(text, key);
  if (value !== undefined || optional) return value;
  throw new ContainerConfigError(`environment variable key "${key}" not found in file "${path}"`);
}

function fromWhole(context: EnvContext): EnvEntry[] {
  return (context.container.envFrom ?? []).flatMap(({ prefix = '', configMapRef, secretRef }) => {
    const texts =
      configMapRef !== undefined
        ? textsOf(context, { kind: 'ConfigMap', name: configMapRef.name, optional: configMapRef.optional })
        : textsOf(context, { kind: 'Secret', name: secretRef?.name, optional: secretRef?.optional });
    return [...(texts ?? [])].map(([key, value]) => ({ key: `${prefix}${key}`, value }));
  });
}

/**
 * What is declared, in that order, what comes from whole ConfigMaps and Secrets before it; then the Services'. A later
 * one of the same name takes the place of an earlier one. Throws ContainerConfigError.
 */
export function containerEnv(context: EnvContext): EnvEntry[] {
  const { pod, container, sources } = context;
  const services = new Map(
    serviceEnv(sources.services(), {
      namespace: pod.metadata.namespace ?? '',
      enableServiceLinks: pod.spec?.enableServiceLinks !== false,
    }).map(({ key, value }) => [key, value]),
  );
  const declared = new Map(fromWhole(context).map(({ key, value }) => [key, value]));
  for (const { name, value = '', valueFrom } of container.env ?? []) {
    const text =
      value !== '' || valueFrom === undefined
        ? expand(value, (other) => declared.get(other) ?? services.get(other))
        : sourcedValue(context, valueFrom);
    if (text !== undefined) declared.set(name, text);
  }
  const others = [...services].filter(([key]) => !declared.has(key));
  return [...declared, ...others].map(([key, value]) => ({ key, value }));
}
