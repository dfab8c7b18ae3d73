/**
 * Who may say at which addresses a Service answers from outside. The kernel of every node takes what stands in
 * status.loadBalancer.ingress: whoever writes there draws to himself the traffic that pods send to any address in the
 * world (CVE-2020-8554, its half beside externalIPs). Kubernetes cannot tell a controller from a person here and leaves
 * it to RBAC; we know who gives addresses to Services without a class, so we can refuse the rest.
 *
 * - A Service without loadBalancerClass is the built-in balancer's, which alone writes. Administrators are refused too:
 *   the balancer would take their word back at once, and until then it would do only harm. They ask for an address by
 *   spec.loadBalancerIP or the annotation.
 * - A Service with a class is another implementation's, of which nothing is known: whoever is authorized, as upstream.
 *   The class cannot be changed once the Service is there, so nobody gets around the first rule by setting it later.
 *
 * `--disable-admission-plugins LoadBalancerStatus` leaves it to authorization alone, for who runs another balancer.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Service } from '../../kinds/generated/types.ts';
import { forbiddenError, type ResourceName } from '../../kinds/status.ts';
import { type AdmissionPlugin, nameOf } from './plugin.ts';

const services: ResourceName = { group: '', plural: 'services' };

/** The user of the controllers in the server's own process; the only one with this name. */
const balancerUser = 'system:kube-controller-manager';

const ingressOf = (service: Service): unknown => service.status?.loadBalancer?.ingress ?? [];

export const loadBalancerStatus: AdmissionPlugin = {
  name: 'LoadBalancerStatus',
  resources: [services],
  subresource: 'status',
  validate({ user }, object, old) {
    const service = object as unknown as Service;
    if ((service.spec?.loadBalancerClass ?? '') !== '') return;
    if (old === undefined || isDeepStrictEqual(ingressOf(service), ingressOf(old as unknown as Service)))
      return;
    if (user.name === balancerUser) return;
    throw forbiddenError(
      services,
      nameOf(object),
      'status.loadBalancer of a Service without loadBalancerClass is written by the built-in load balancer alone (CVE-2020-8554)',
    );
  },
};
