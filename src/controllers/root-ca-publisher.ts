/**
 * Every namespace has a ConfigMap with the authority that signed the API server's certificate, for pods to trust.
 * Source: pkg/controller/certificates/rootcacertpublisher of Kubernetes.
 */
import { type Change, create, update } from '../client/change.ts';
import { type Controller, defineController, self } from '../client/controller.ts';
import { objectKey } from '../client/object-key.ts';
import type { ConfigMap } from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';

const name = 'kube-root-ca.crt';
const descriptionAnnotation = 'kubernetes.io/description';
const description =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

/** `authority`: PEM. */
export function rootCaPublisher(authority: string): Controller {
  const data = { 'ca.crt': authority };
  const annotations = { [descriptionAnnotation]: description };
  const isRight = (map: ConfigMap): boolean =>
    Object.keys(map.data ?? {}).length === 1 &&
    getOwn(map.data, 'ca.crt') === authority &&
    Boolean(getOwn(map.metadata.annotations, descriptionAnnotation));
  return defineController({
    name: 'root-ca-certificate-publisher',
    watches: {
      Namespace: self,
      ConfigMap: ({ metadata }) => (metadata.name === name ? [metadata.namespace ?? ''] : []),
    },
    reconcile(key, view): Change[] {
      const namespace = view.get('Namespace', key);
      if (namespace === undefined || namespace.status?.phase !== 'Active') return [];
      const map = view.get('ConfigMap', objectKey(key, name));
      if (map === undefined)
        return [
          create(
            'ConfigMap',
            { metadata: { namespace: key, name, annotations }, data },
            { existsIsFine: true },
          ),
        ];
      if (isRight(map)) return [];
      const metadata = { ...map.metadata, annotations: { ...map.metadata.annotations, ...annotations } };
      return [update('ConfigMap', { ...map, metadata, data })];
    },
  });
}
