import { ageColumn, nameColumn, textColumn } from './columns.ts';
import { type FieldError, invalid, path, required } from './field.ts';
import type { APIService } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { isDNS1035Label, isDNS1123Subdomain } from './names.ts';

function validate({ metadata, spec }: APIService): FieldError[] {
  const at = path('spec');
  const {
    group = '',
    version = '',
    groupPriorityMinimum: groupPriority = 0,
    versionPriority = 0,
    service,
  } = spec ?? {};
  const errors: FieldError[] = [];
  const name = `${version}.${group}`;
  if (metadata.name !== name)
    errors.push(
      invalid(
        path('metadata', 'name'),
        metadata.name ?? '',
        `must be \`spec.version+"."+spec.group\`: "${name}"`,
      ),
    );
  if (group === '' && version !== 'v1')
    errors.push(required(at.child('group'), 'only v1 may have an empty group and it better be legacy kube'));
  if (group !== '')
    errors.push(...isDNS1123Subdomain(group).map((message) => invalid(at.child('group'), group, message)));
  errors.push(...isDNS1035Label(version).map((message) => invalid(at.child('version'), version, message)));
  if (groupPriority <= 0 || groupPriority > 20_000)
    errors.push(
      invalid(at.child('groupPriorityMinimum'), groupPriority, 'must be positive and less than 20000'),
    );
  if (versionPriority <= 0 || versionPriority > 1000)
    errors.push(invalid(at.child('versionPriority'), versionPriority, 'must be positive and less than 1000'));
  if (service === undefined) return errors;
  const where = at.child('service');
  if (!service.namespace) errors.push(required(where.child('namespace'), ''));
  if (!service.name) errors.push(required(where.child('name'), ''));
  return errors;
}

function availableCell({ status }: APIService): string {
  const condition = status?.conditions?.find((each) => each.type === 'Available');
  if (condition === undefined) return 'Unknown';
  return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason ?? ''})`;
}

export const apiService = defineKind<APIService>({
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  plural: 'apiservices',
  scope: 'Cluster',
  categories: ['api-extensions'],
  subresources: ['status'],
  statusKeeps: 'metadata',
  unconditionalUpdate: false,
  defaults: (apiService) => {
    if (apiService.spec?.service !== undefined) apiService.spec.service.port ??= 443;
    apiService.status ??= {};
  },
  validate,
  columns: [
    nameColumn,
    textColumn<APIService>('Service', ({ spec }) =>
      spec?.service === undefined ? 'Local' : `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}`,
    ),
    textColumn<APIService>('Available', availableCell),
    ageColumn,
  ],
  example: {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1.example.com' },
    spec: {
      group: 'example.com',
      version: 'v1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      service: { name: 'api', namespace: 'default' },
    },
  },
});
