/** Every controller, in the order in which they are started. */
import type { Controller } from '../client/controller.ts';
import { disruption } from './disruption.ts';
import { garbageCollector } from './garbage-collector.ts';
import { namespace } from './namespace.ts';
import { rootCaPublisher } from './root-ca-publisher.ts';
import { serviceAccount } from './service-account.ts';
import { serviceCIDR } from './service-cidr.ts';

export interface ControllerSettings {
  /** PEM of the authority that signed the API server's certificate; without it no kube-root-ca.crt is published. */
  readonly rootAuthority?: string;
}

export function allControllers({ rootAuthority }: ControllerSettings = {}): Controller[] {
  return [
    namespace,
    garbageCollector,
    serviceCIDR,
    disruption,
    serviceAccount,
    ...(rootAuthority === undefined ? [] : [rootCaPublisher(rootAuthority)]),
  ];
}
