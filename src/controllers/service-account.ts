/** Every namespace has a ServiceAccount `default`. Source: pkg/controller/serviceaccount of Kubernetes. */
import { create } from '../client/change.ts';
import { defineController, self } from '../client/controller.ts';
import { objectKey } from '../client/object-key.ts';

const name = 'default';

export const serviceAccount = defineController({
  name: 'serviceaccount',
  eventSource: 'serviceaccount-controller',
  watches: {
    Namespace: self,
    ServiceAccount: ({ metadata }) => (metadata.name === name ? [metadata.namespace ?? ''] : []),
  },
  reconcile(key, view) {
    const namespace = view.get('Namespace', key);
    if (namespace === undefined || namespace.status?.phase !== 'Active') return [];
    if (view.get('ServiceAccount', objectKey(key, name)) !== undefined) return [];
    return [create('ServiceAccount', { metadata: { namespace: key, name } }, { existsIsFine: true })];
  },
});
