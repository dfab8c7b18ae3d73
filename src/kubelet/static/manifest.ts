/**
 * A static pod out of a file: whole, checked, and named as nobody else's. Source: kubelet/config/common.go
 * (applyDefaults, tryDecodeSinglePod), file.go.
 */
import { createHash } from 'node:crypto';
import { parse } from 'yaml';
import { decodeObject } from '../../kinds/decode.ts';
import { describeFieldErrors } from '../../kinds/field.ts';
import type { Pod } from '../../kinds/generated/types.ts';
import { validateObjectMeta } from '../../kinds/metadata.ts';
import { getOwn } from '../../kinds/object.ts';
import { pod as podKind } from '../../kinds/pod.ts';
import { WherryError } from '../../lib/errors.ts';

export const staticAnnotations = {
  source: 'kubernetes.io/config.source',
  hash: 'kubernetes.io/config.hash',
  seen: 'kubernetes.io/config.seen',
  mirror: 'kubernetes.io/config.mirror',
} as const;

/** The file says no pod that this node could run. */
export class ManifestError extends WherryError {
  constructor(why: string, cause?: unknown) {
    super('MANIFEST', why, { cause });
  }
}

export const isMirror = ({ metadata }: Pod): boolean =>
  getOwn(metadata.annotations, staticAnnotations.mirror) !== undefined;

/** Out of a file of the node's, or the server's picture of such a one. Source: IsStaticPod of kubelet/types. */
export const isStatic = (pod: Pod): boolean =>
  isMirror(pod) || getOwn(pod.metadata.annotations, staticAnnotations.source) === 'file';

/** As it came from the server: whatever it says of itself, it is out of no file. Source: kubelet/config/config.go. */
export function fromServer(pod: Pod): Pod {
  const { metadata } = pod;
  if (getOwn(metadata.annotations, staticAnnotations.source) === undefined) return pod;
  const annotations = { ...metadata.annotations, [staticAnnotations.source]: 'api' };
  return { ...pod, metadata: { ...metadata, annotations } };
}

/** Of what it was made: another file, another pod. */
export const hashOf = ({ metadata }: Pod): string | undefined =>
  getOwn(metadata.annotations, staticAnnotations.hash);

function decode(text: string): Pod {
  let value: unknown;
  try {
    // A thousand aliases of an alias are nobody's pod.
    value = parse(text, { maxAliasCount: 100 });
  } catch (cause) {
    throw new ManifestError(`is neither YAML nor JSON: ${(cause as Error).message}`, cause);
  }
  const { apiVersion, kind } = (value ?? {}) as { apiVersion?: unknown; kind?: unknown };
  if (apiVersion !== 'v1' || kind !== 'Pod')
    throw new ManifestError(
      `has no Pod: apiVersion is ${JSON.stringify(apiVersion)}, kind is ${JSON.stringify(kind)}`,
    );
  try {
    return decodeObject<Pod>(value, 'Pod').object;
  } catch (cause) {
    throw new ManifestError((cause as Error).message, cause);
  }
}

/** What a pod names of the server's, it cannot have where there may be none. */
function namesObjects({ spec }: Pod): string | undefined {
  if ((spec?.serviceAccountName ?? '') !== '') return 'a service account';
  if ((spec?.imagePullSecrets ?? []).length > 0) return 'secrets';
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  const text = JSON.stringify([spec?.volumes ?? [], containers]);
  for (const [field, what] of [
    ['configMapRef', 'config maps'],
    ['configMapKeyRef', 'config maps'],
    ['configMap', 'config maps'],
    ['secretRef', 'secrets'],
    ['secretKeyRef', 'secrets'],
    ['secret', 'secrets'],
    ['persistentVolumeClaim', 'persistent volume claims'],
    ['serviceAccountToken', 'a service account'],
  ] as const)
    if (text.includes(`"${field}":{`)) return what;
  return (spec?.ephemeralContainers ?? []).length > 0 ? 'ephemeral containers' : undefined;
}

/** Throws ManifestError. */
export function staticPod(text: string, place: { file: string; nodeName: string; now: string }): Pod {
  const { file, nodeName, now } = place;
  const given = decode(text);
  const { metadata = {}, spec = { containers: [] } } = given;
  const uid =
    metadata.uid ||
    createHash('md5')
      .update(JSON.stringify([given, nodeName, file]))
      .digest('hex');
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      name: `${metadata.name || ''}-${nodeName.toLowerCase()}`,
      namespace: metadata.namespace || 'default',
      uid,
      creationTimestamp: now,
      annotations: {
        ...metadata.annotations,
        [staticAnnotations.hash]: uid,
        [staticAnnotations.source]: 'file',
        [staticAnnotations.seen]: now,
      },
    },
    spec: {
      ...spec,
      nodeName,
      // Whatever is wrong with the node, nobody else runs it.
      tolerations: [...(spec.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }],
    },
    status: { phase: 'Pending' },
  };
  if (!metadata.name) throw new ManifestError('metadata.name: Required value');
  podKind.defaults?.(pod);
  const errors = [...validateObjectMeta(pod.metadata, podKind), ...(podKind.validate?.(pod) ?? [])];
  if (errors.length > 0) throw new ManifestError(`invalid pod: ${describeFieldErrors(errors)}`);
  const named = namesObjects(pod);
  if (named !== undefined) throw new ManifestError(`static pods may not reference ${named}`);
  return pod;
}
