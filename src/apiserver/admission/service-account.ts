/**
 * Pods run as an account of their namespace, and find its token where clients look for it. Source:
 * plugin/pkg/admission/serviceaccount of Kubernetes; KEP-1205.
 */
import type { Container, PodSpec, ServiceAccount, Volume } from '../../kinds/generated/types.ts';
import { type AnyObject, getOwn } from '../../kinds/object.ts';
import { mirrorPodAnnotation } from '../../kinds/pod/validate-annotations.ts';
import { forbiddenError } from '../../kinds/status.ts';
import { randomSuffix } from '../../lib/random.ts';
import type { ResourceRequest } from '../context.ts';
import { refreshedSeconds } from '../tokens/limits.ts';
import { type AdmissionPlugin, nameOf } from './plugin.ts';

const pods = { group: '', plural: 'pods' };
const accounts = { group: '', plural: 'serviceaccounts' };

const defaultAccount = 'default';
const volumePrefix = 'kube-api-access-';
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const suffixLength = 5;
const readableByAll = 0o644;

/** The token, the authority to trust, and the namespace. */
function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: readableByAll,
      sources: [
        { serviceAccountToken: { expirationSeconds: refreshedSeconds, path: 'token' } },
        { configMap: { items: [{ key: 'ca.crt', path: 'ca.crt' }], name: 'kube-root-ca.crt' } },
        {
          downwardAPI: {
            items: [{ fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' }, path: 'namespace' }],
          },
        },
      ],
    },
  };
}

/** A volume that already bears such a name is taken; a container that mounts something there is left alone. */
function mountToken(request: ResourceRequest, spec: PodSpec): void {
  const present = spec.volumes?.find(({ name }) => name.startsWith(volumePrefix))?.name;
  const name = present ?? volumePrefix + randomSuffix(request.backend.random, suffixLength);
  let isNeeded = false;
  const mount = (container: Container) => {
    const mounts = container.volumeMounts ?? [];
    if (mounts.some((each) => each.mountPath === mountPath)) return;
    container.volumeMounts = [...mounts, { mountPath, name, readOnly: true }];
    isNeeded = true;
  };
  spec.initContainers?.forEach(mount);
  spec.containers.forEach(mount);
  if (isNeeded && present === undefined) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
}

function checkMirror(object: AnyObject, spec: PodSpec): void {
  const refuse = (why: string) => {
    throw forbiddenError(pods, nameOf(object), why);
  };
  if ((spec.serviceAccountName ?? '') !== '') refuse('a mirror pod may not reference service accounts');
  for (const { projected } of spec.volumes ?? [])
    if (projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken != null))
      refuse('a mirror pod may not use ServiceAccountToken volume projections');
}

/**
 * Upstream refuses before a name is drawn. Our controllers draw theirs themselves; each try under another name would be
 * told as another event.
 */
function undrawnName(object: AnyObject): string {
  const { name = '', generateName = '' } = object.metadata;
  return generateName !== '' && name.startsWith(generateName) ? generateName : nameOf(object);
}

/** Throws 403 when the account is not there: right after a namespace is made it is not yet. */
function admit(request: ResourceRequest, object: AnyObject): void {
  const { backend } = request;
  const spec = object.spec as PodSpec;
  if (getOwn(object.metadata.annotations, mirrorPodAnnotation) !== undefined) {
    checkMirror(object, spec);
    return;
  }
  if ((spec.serviceAccountName ?? '') === '') spec.serviceAccountName = defaultAccount;
  const { serviceAccountName: name = defaultAccount } = spec;
  spec.serviceAccount = name;
  // A server that gives no tokens has no use for accounts.
  if (backend.tokens === undefined) return;
  const { namespace = '' } = object.metadata;
  const account = backend.cache.get(accounts, namespace, name) as ServiceAccount | undefined;
  if (account === undefined)
    throw forbiddenError(
      pods,
      undrawnName(object),
      `error looking up service account ${namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`,
    );
  const automount = spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
  if (automount) mountToken(request, spec);
  if ((spec.imagePullSecrets ?? []).length === 0 && (account.imagePullSecrets ?? []).length > 0)
    spec.imagePullSecrets = structuredClone(account.imagePullSecrets);
}

export const serviceAccount: AdmissionPlugin = { name: 'ServiceAccount', resources: [pods], admit };
