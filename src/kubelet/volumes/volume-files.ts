/** What stands in volumes that are made of the cluster's objects: ConfigMaps, Secrets, the pod's own fields, tokens. */
import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  Volume,
  VolumeProjection,
} from '../../kinds/generated/types.ts';
import type { ConfigSources } from '../config/env.ts';
import { fieldValue, type PodPlace, resourceValue } from '../config/field-ref.ts';
import { VolumeError } from '../run/volume-error.ts';
import type { VolumeFile, VolumeFiles } from './atomic-folder.ts';

/** A token of the pod's ServiceAccount; whoever gives it keeps it until it is to be renewed. */
export type PodToken = (
  pod: Pod,
  request: { audience: string | undefined; expirationSeconds: number },
) => Promise<string>;

export interface FilesContext {
  readonly pod: Pod;
  readonly volume: string;
  readonly place: PodPlace;
  readonly sources: ConfigSources;
  readonly token: PodToken;
}

/** 0644, as the API server fills it in. */
const modeDefault = 0o644;
const tokenSecondsDefault = 3600;

/** Some or all of the keys, under the names that are asked for. */
function chosen(
  texts: ReadonlyMap<string, Buffer>,
  options: {
    items: readonly KeyToPath[] | undefined;
    mode: number;
    optional: boolean;
    missing: (key: string) => VolumeError;
  },
): Map<string, VolumeFile> {
  const { items, mode, optional, missing } = options;
  if (items === undefined) return new Map([...texts].map(([key, content]) => [key, { content, mode }]));
  const files = new Map<string, VolumeFile>();
  for (const item of items) {
    const content = texts.get(item.key);
    if (content !== undefined) files.set(item.path, { content, mode: item.mode ?? mode });
    else if (!optional) throw missing(item.key);
  }
  return files;
}

const base64 = (texts: Readonly<Record<string, string>> = {}): [string, Buffer][] =>
  Object.entries(texts).map(([key, text]) => [key, Buffer.from(text, 'base64')]);

function objectFiles(
  context: FilesContext,
  from: {
    kind: 'ConfigMap' | 'Secret';
    name: string | undefined;
    items?: KeyToPath[];
    mode?: number;
    optional?: boolean;
  },
): Map<string, VolumeFile> {
  const { pod, volume, sources } = context;
  const { kind, name = '', items, mode = modeDefault, optional = false } = from;
  const namespace = pod.metadata.namespace ?? '';
  let texts: Map<string, Buffer> | undefined;
  if (kind === 'ConfigMap') {
    const found = sources.configMap(namespace, name);
    const plain = Object.entries(found?.data ?? {}).map(([key, text]): [string, Buffer] => [
      key,
      Buffer.from(text),
    ]);
    if (found !== undefined) texts = new Map([...plain, ...base64(found.binaryData)]);
  } else {
    const found = sources.secret(namespace, name);
    if (found !== undefined) texts = new Map(base64(found.data));
  }
  if (texts === undefined && !optional)
    throw new VolumeError(volume, `${kind.toLowerCase()} "${name}" not found`);
  const what = kind === 'ConfigMap' ? 'config' : 'secret';
  const missing = (key: string) => new VolumeError(volume, `references non-existent ${what} key: ${key}`);
  return chosen(texts ?? new Map(), { items, mode, optional, missing });
}

function downwardFiles(
  { pod, place }: FilesContext,
  items: readonly DownwardAPIVolumeFile[] = [],
  mode: number = modeDefault,
): Map<string, VolumeFile> {
  return new Map(
    items.map((item) => {
      const text =
        item.fieldRef !== undefined
          ? fieldValue(pod, item.fieldRef.fieldPath, place)
          : item.resourceFieldRef !== undefined
            ? resourceValue(pod, { selector: item.resourceFieldRef, container: undefined, place })
            : '';
      return [item.path, { content: Buffer.from(text), mode: item.mode ?? mode }];
    }),
  );
}

async function projectedFiles(
  context: FilesContext,
  source: VolumeProjection,
  mode: number,
): Promise<Map<string, VolumeFile>> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap !== undefined)
    return objectFiles(context, { kind: 'ConfigMap', ...configMap, name: configMap.name, mode });
  if (secret !== undefined)
    return objectFiles(context, { kind: 'Secret', ...secret, name: secret.name, mode });
  if (downwardAPI !== undefined) return downwardFiles(context, downwardAPI.items, mode);
  if (serviceAccountToken !== undefined) {
    const { path, audience, expirationSeconds = tokenSecondsDefault } = serviceAccountToken;
    const content = await tokenOf(context, { audience, expirationSeconds });
    return new Map([[path, { content, ...tokenAccess(context.pod, mode) }]]);
  }
  throw new VolumeError(context.volume, 'this kind of projected source is not supported on this node');
}

async function tokenOf(
  context: FilesContext,
  request: { audience: string | undefined; expirationSeconds: number },
): Promise<Buffer> {
  try {
    return Buffer.from(await context.token(context.pod, request));
  } catch (cause) {
    const why = `failed to fetch token: ${(cause as Error).message}`;
    throw new VolumeError(context.volume, why, { cause });
  }
}

/** The user that all containers run as, when the spec says so and they are of one mind. */
function commonUser({ spec }: Pod): number | undefined {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  const users = new Set(
    containers.map(({ securityContext }) => securityContext?.runAsUser ?? spec?.securityContext?.runAsUser),
  );
  return users.size === 1 ? [...users][0] : undefined;
}

/** Nobody but the pod's own user and group reads a token, where they are known. Source: volume/projected, FsUserFrom. */
function tokenAccess(pod: Pod, mode: number): Pick<VolumeFile, 'mode' | 'owner'> {
  const owner = commonUser(pod);
  if (owner === undefined && pod.spec?.securityContext?.fsGroup === undefined) return { mode };
  return { mode: 0o600, ...(owner === undefined ? {} : { owner }) };
}

/** Undefined for a volume of another kind. Throws VolumeError. */
export async function volumeFiles(
  context: FilesContext,
  { configMap, secret, downwardAPI, projected }: Volume,
): Promise<VolumeFiles | undefined> {
  if (configMap !== undefined)
    return objectFiles(context, {
      kind: 'ConfigMap',
      ...configMap,
      name: configMap.name,
      mode: configMap.defaultMode,
    });
  if (secret !== undefined)
    return objectFiles(context, {
      kind: 'Secret',
      ...secret,
      name: secret.secretName,
      mode: secret.defaultMode,
    });
  if (downwardAPI !== undefined) return downwardFiles(context, downwardAPI.items, downwardAPI.defaultMode);
  if (projected === undefined) return undefined;
  const files = new Map<string, VolumeFile>();
  // A later source of the same path wins.
  for (const source of projected.sources ?? [])
    for (const [name, file] of await projectedFiles(context, source, projected.defaultMode ?? modeDefault))
      files.set(name, file);
  return files;
}
