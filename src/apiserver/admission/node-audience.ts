/** For whom a node may ask for a pod's token: for those that the pod names itself (KEP-4412). */
import type { CSIDriver, PersistentVolume, PersistentVolumeClaim, Pod } from '../../kinds/generated/types.ts';
import type { ResourceRequest } from '../context.ts';

const drivers = { group: 'storage.k8s.io', plural: 'csidrivers' };
const claims = { group: '', plural: 'persistentvolumeclaims' };
const volumes = { group: '', plural: 'persistentvolumes' };

/** CSI drivers of the pod's volumes. */
function driversOf({ backend: { cache } }: ResourceRequest, pod: Pod): string[] {
  const { namespace = '', name = '' } = pod.metadata;
  return (pod.spec?.volumes ?? []).flatMap((volume) => {
    const inline = volume.csi?.driver;
    if (inline !== undefined) return [inline];
    const claimName =
      volume.ephemeral === undefined ? volume.persistentVolumeClaim?.claimName : `${name}-${volume.name}`;
    if (claimName === undefined) return [];
    const claim = cache.get(claims, namespace, claimName) as PersistentVolumeClaim | undefined;
    const bound = claim?.spec?.volumeName ?? '';
    const persistent =
      bound === '' ? undefined : (cache.get(volumes, '', bound) as PersistentVolume | undefined);
    return persistent?.spec?.csi?.driver ?? [];
  });
}

function isNamed(request: ResourceRequest, pod: Pod, audience: string): boolean {
  for (const { projected } of pod.spec?.volumes ?? [])
    for (const { serviceAccountToken } of projected?.sources ?? [])
      if (serviceAccountToken != null && (serviceAccountToken.audience ?? '') === audience) return true;
  return driversOf(request, pod).some((name) => {
    const driver = request.backend.cache.get(drivers, '', name) as CSIDriver | undefined;
    return (driver?.spec?.tokenRequests ?? []).some((each) => (each.audience ?? '') === audience);
  });
}

/** Why not, or undefined. */
export function checkAudience(
  request: ResourceRequest,
  pod: Pod,
  audiences: readonly string[],
): string | undefined {
  if (audiences.length > 1) return 'node may only request 0 or 1 audiences';
  const [audience = ''] = audiences;
  if (isNamed(request, pod, audience)) return undefined;
  const { backend, user, info } = request;
  // Whoever runs the cluster may allow more by a role.
  const asked = {
    user,
    verb: 'request-serviceaccounts-token-audience',
    group: '',
    resource: audience,
    subresource: '',
    namespace: info.namespace,
    name: info.name,
  };
  if (backend.authorizer.authorize(asked).allowed) return undefined;
  return `audience ${JSON.stringify(audience)} not found in pod spec volume, ${user.name} is not authorized to request tokens for this audience`;
}
