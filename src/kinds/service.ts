/**
 * Service. What needs a look at the rest of the cluster (giving out addresses and node ports) is in src/service and
 * the API server's hook; everything else is here and in service-rules/.
 */
import type { Service } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { isDNS1123Label } from './names.ts';
import { columns } from './service-rules/columns.ts';
import { defaults, ensureStatus, prepareCreate, prepareUpdate } from './service-rules/prepare.ts';
import { specOf } from './service-rules/service-type.ts';
import { validate, validateStatusUpdate, validateUpdate } from './service-rules/validate.ts';
import { warnings } from './service-rules/warnings.ts';

/** It may begin with a digit: KEP-5311, on by default since v1.36. A prefix may end in a dash, since letters follow it. */
function validateServiceName(name: string, prefix: boolean): string[] {
  return isDNS1123Label(prefix ? name.replace(/-$/, 'a') : name);
}

export const service = defineKind<Service>({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  scope: 'Namespaced',
  shortNames: ['svc'],
  categories: ['all'],
  subresources: ['status', 'proxy'],
  createOnUpdate: true,
  validateName: validateServiceName,
  defaults,
  prepareCreate,
  prepareUpdate,
  prepareStatusUpdate: ensureStatus,
  validate,
  validateUpdate,
  validateStatusUpdate,
  warnings,
  selectableFields: (object) => ({
    'spec.clusterIP': specOf(object).clusterIP ?? '',
    'spec.type': specOf(object).type ?? '',
  }),
  columns,
  example: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } },
    spec: {
      selector: { app: 'web' },
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
    },
  },
});
