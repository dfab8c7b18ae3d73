/** What pods are configured with, out of caches that follow the server. */
import type { Informers } from '../client/informers.ts';
import { objectKey } from '../client/object-key.ts';
import type { ConfigSources } from './config/env.ts';

/** Asks for the informers at once: start them after this, and wait until they have synced before a pod is started. */
export function informerSources(informers: Informers): ConfigSources {
  const configMaps = informers.of('ConfigMap');
  const secrets = informers.of('Secret');
  const services = informers.of('Service');
  return {
    configMap: (namespace, name) => configMaps.get(objectKey(namespace, name)),
    secret: (namespace, name) => secrets.get(objectKey(namespace, name)),
    services: () => services.list(),
  };
}
