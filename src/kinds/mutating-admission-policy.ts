import {
  failurePolicies,
  listColumn,
  matchResourcesDefaults,
  paramKindColumn,
  validateMatch,
} from './admission-rules.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { type FieldError, path, required } from './field.ts';
import type { MutatingAdmissionPolicy } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { validateChoice, validateOptionalChoice } from './pod/checks.ts';

function validate({ spec }: MutatingAdmissionPolicy): FieldError[] {
  const at = path('spec');
  const { mutations = [] } = spec ?? {};
  const errors = validateOptionalChoice(spec?.failurePolicy, failurePolicies, at.child('failurePolicy'));
  errors.push(...validateMatch(spec?.matchConstraints, at.child('matchConstraints'), true));
  if (mutations.length === 0)
    errors.push(required(at.child('mutations'), 'mutations must contain at least one item'));
  for (const [index, { patchType }] of mutations.entries())
    errors.push(
      ...validateChoice(
        patchType,
        ['ApplyConfiguration', 'JSONPatch'],
        at.child('mutations').index(index).child('patchType'),
      ),
    );
  const policies = ['IfNeeded', 'Never'];
  return [...errors, ...validateChoice(spec?.reinvocationPolicy, policies, at.child('reinvocationPolicy'))];
}

export const mutatingAdmissionPolicy = defineKind<MutatingAdmissionPolicy>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicy',
  plural: 'mutatingadmissionpolicies',
  scope: 'Cluster',
  categories: ['api-extensions'],
  generation: true,
  unconditionalUpdate: false,
  defaults: (policy) => {
    policy.spec ??= {};
    policy.spec.failurePolicy ??= 'Fail';
    matchResourcesDefaults(policy.spec.matchConstraints);
  },
  validate,
  columns: [
    nameColumn,
    listColumn<MutatingAdmissionPolicy>('Mutations', ({ spec }) => spec?.mutations),
    paramKindColumn<MutatingAdmissionPolicy>(({ spec }) => spec?.paramKind),
    ageColumn,
  ],
  example: {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicy',
    metadata: { name: 'team-label' },
    spec: {
      matchConstraints: {
        resourceRules: [
          { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] },
        ],
      },
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[]' } }],
    },
  },
});
