import { ageColumn, nameColumn, textColumn } from './columns.ts';
import { type FieldError, invalid, type Path, path, required } from './field.ts';
import type {
  ResourceQuota,
  ResourceQuotaSpec,
  ScopedResourceSelectorRequirement,
} from './generated/types.ts';
import { defineKind } from './kind.ts';
import { getOwn } from './object.ts';
import { readQuantity, resourceEntries, validateAmount, validateResourceName } from './quantities.ts';

const compute = ['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'];
const quotaResources = new Set([
  ...compute,
  'ephemeral-storage',
  'requests.ephemeral-storage',
  'limits.ephemeral-storage',
  'requests.storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]);

const isQuotaResource = (name: string): boolean =>
  quotaResources.has(name) || name.startsWith('hugepages-') || name.startsWith('requests.hugepages-');

const podScope = new Set(['pods', ...compute]);

/** Scopes, and the resources that can be counted in them. */
const scopeResources: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['Terminating', podScope],
  ['NotTerminating', podScope],
  ['BestEffort', new Set(['pods'])],
  ['NotBestEffort', podScope],
  ['PriorityClass', podScope],
  ['CrossNamespacePodAffinity', podScope],
  ['VolumeAttributesClass', new Set(['persistentvolumeclaims', 'requests.storage'])],
]);

const contraryScopes = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
];

/** Whether a resource of the quota cannot be counted in the scope. */
const misfits = (scope: string, hard: ResourceQuotaSpec['hard']): string[] =>
  Object.keys(hard ?? {}).filter(
    (name) => isQuotaResource(name) && scopeResources.get(scope)?.has(name) !== true,
  );

const hasContrary = (scopes: readonly string[]): number =>
  contraryScopes.filter((pair) => pair.every((scope) => scopes.includes(scope))).length;

function validateScopes(spec: ResourceQuotaSpec): FieldError[] {
  const at = path('spec', 'scopes');
  const scopes = spec.scopes ?? [];
  const errors: FieldError[] = [];
  for (const scope of scopes) {
    if (!scopeResources.has(scope)) errors.push(invalid(at, scopes, 'unsupported scope'));
    for (const _ of misfits(scope, spec.hard))
      errors.push(invalid(at, scopes, 'unsupported scope applied to resource'));
  }
  for (let count = hasContrary(scopes); count > 0; count -= 1)
    errors.push(invalid(at, scopes, 'conflicting scopes'));
  return errors;
}

const existsOnly = new Set([
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
]);

function validateRequirement(requirement: ScopedResourceSelectorRequirement, at: Path): FieldError[] {
  const { scopeName, operator, values = [] } = requirement;
  const errors: FieldError[] = [];
  if (existsOnly.has(scopeName) && operator !== 'Exists')
    errors.push(
      invalid(
        at.child('operator'),
        operator,
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
      ),
    );
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0)
      errors.push(
        required(
          at.child('values'),
          "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
        ),
      );
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      errors.push(
        invalid(
          at.child('values'),
          values,
          "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        ),
      );
  } else errors.push(invalid(at.child('operator'), operator, 'not a valid selector operator'));
  return errors;
}

function validateScopeSelector(spec: ResourceQuotaSpec): FieldError[] {
  const at = path('spec', 'scopeSelector', 'matchExpressions');
  const requirements = spec.scopeSelector?.matchExpressions ?? [];
  const errors: FieldError[] = [];
  for (const requirement of requirements) {
    if (!scopeResources.has(requirement.scopeName))
      errors.push(invalid(at.child('scopeName'), requirement.scopeName, 'unsupported scope'));
    for (const _ of misfits(requirement.scopeName, spec.hard))
      errors.push(invalid(at, spec.scopeSelector, 'unsupported scope applied to resource'));
    errors.push(...validateRequirement(requirement, at));
  }
  for (let count = hasContrary(requirements.map((each) => each.scopeName)); count > 0; count -= 1)
    errors.push(invalid(at, spec.scopes ?? null, 'conflicting scopes'));
  return errors;
}

function validateAmounts(amounts: Readonly<Record<string, string>> | undefined, at: Path): FieldError[] {
  return resourceEntries(amounts).flatMap(([name, quantity]) => {
    const where = at.key(name);
    const errors = validateResourceName(name, where);
    if (!name.includes('/') && !isQuotaResource(name))
      errors.push(invalid(where, name, 'must be a standard resource for quota'));
    return [...errors, ...validateAmount(name, quantity, where)];
  });
}

function validateStatus(quota: ResourceQuota): FieldError[] {
  return [
    ...validateAmounts(quota.status?.hard, path('status', 'hard')),
    ...validateAmounts(quota.status?.used, path('status', 'used')),
  ];
}

function validate(quota: ResourceQuota): FieldError[] {
  const spec = quota.spec ?? {};
  return [
    ...validateAmounts(spec.hard, path('spec', 'hard')),
    ...validateScopes(spec),
    ...validateScopeSelector(spec),
  ];
}

function validateUpdate(quota: ResourceQuota, old: ResourceQuota): FieldError[] {
  const [now, before] = [new Set(quota.spec?.scopes), new Set(old.spec?.scopes)];
  if (now.symmetricDifference(before).size === 0) return [];
  return [invalid(path('spec', 'scopes'), quota.spec?.scopes ?? null, 'field is immutable')];
}

/** `pods: 1/10, ...` of the resources that are limits, or of those that are not. */
function usageCell(quota: ResourceQuota, limits: boolean): string {
  return resourceEntries(quota.status?.hard)
    .filter(([name]) => name.startsWith('limits.') === limits)
    .map(([name, hard]) => `${name}: ${readQuantity(getOwn(quota.status?.used, name)).text}/${hard.text}`)
    .join(', ');
}

export const resourceQuota = defineKind<ResourceQuota>({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  scope: 'Namespaced',
  shortNames: ['quota'],
  subresources: ['status'],
  defaults: (quota) => {
    quota.spec ??= {};
    quota.status ??= {};
  },
  validate,
  validateUpdate,
  validateStatusUpdate: validateStatus,
  columns: [
    nameColumn,
    textColumn<ResourceQuota>('Request', (quota) => usageCell(quota, false)),
    textColumn<ResourceQuota>('Limit', (quota) => usageCell(quota, true)),
    ageColumn,
  ],
  example: {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'quota', namespace: 'default' },
    spec: { hard: { pods: '10', 'limits.cpu': '4' } },
  },
});
