/**
 * What MetalLB's validating webhooks refuse, in their words: pools and advertisements that cannot all be meant together.
 * Source: internal/k8s/webhooks of MetalLB; a webhook's refusal as k8s.io/apiserver words it.
 */
import { checkAdvertisements, checkPools, metallbNamespace } from '../../kinds/metallb/check.ts';
import { PoolError } from '../../kinds/metallb/ranges.ts';
import type { IPAddressPool, L2Advertisement } from '../../kinds/metallb/types.ts';
import type { AnyObject } from '../../kinds/object.ts';
import { type ResourceName, StatusError } from '../../kinds/status.ts';
import type { AdmissionPlugin } from './plugin.ts';

const pools: ResourceName = { group: 'metallb.io', plural: 'ipaddresspools' };
const advertisements: ResourceName = { group: 'metallb.io', plural: 'l2advertisements' };

/** The others that are there, with this one in its place or at the end. */
function withObject(present: readonly AnyObject[], object: AnyObject): AnyObject[] {
  const { name } = object.metadata;
  const isThere = present.some(({ metadata }) => metadata.name === name);
  return isThere
    ? present.map((each) => (each.metadata.name === name ? object : each))
    : [...present, object];
}

function plugin(
  webhook: string,
  resource: ResourceName,
  check: (objects: readonly AnyObject[]) => void,
): AdmissionPlugin {
  const denied = (why: string) =>
    new StatusError(403, 'Forbidden', `admission webhook "${webhook}" denied the request: ${why}`, {});
  return {
    name: 'MetalLB',
    resources: [resource],
    validate({ backend, info }, object, old) {
      if (old === undefined && info.namespace !== metallbNamespace)
        throw denied(`resource must be created in ${metallbNamespace} namespace`);
      try {
        check(withObject(backend.cache.list(resource, metallbNamespace), object));
      } catch (error) {
        if (!(error instanceof PoolError)) throw error;
        throw denied(error.message);
      }
    },
  };
}

export const metallbPools = plugin('ipaddresspoolvalidationwebhook.metallb.io', pools, (objects) =>
  checkPools(objects as unknown as IPAddressPool[]),
);

export const metallbAdvertisements = plugin(
  'l2advertisementvalidationwebhook.metallb.io',
  advertisements,
  (objects) => checkAdvertisements(objects as unknown as L2Advertisement[]),
);
