import {
  failurePolicies,
  listColumn,
  matchResourcesDefaults,
  paramKindColumn,
  validateMatch,
} from './admission-rules.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { type FieldError, path, required } from './field.ts';
import type { ValidatingAdmissionPolicy } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { requireText, validateOptionalChoice } from './pod/checks.ts';

function validate({ spec }: ValidatingAdmissionPolicy): FieldError[] {
  const at = path('spec');
  const { validations = [], auditAnnotations = [] } = spec ?? {};
  const errors = validateOptionalChoice(spec?.failurePolicy, failurePolicies, at.child('failurePolicy'));
  errors.push(...validateMatch(spec?.matchConstraints, at.child('matchConstraints'), true));
  if (validations.length === 0 && auditAnnotations.length === 0)
    for (const field of ['validations', 'auditAnnotations'])
      errors.push(
        required(at.child(field), 'validations or auditAnnotations must contain at least one item'),
      );
  for (const [index, { expression }] of validations.entries())
    errors.push(
      ...requireText(
        expression?.trim(),
        at.child('validations').index(index).child('expression'),
        'expression is not specified',
      ),
    );
  return errors;
}

export const validatingAdmissionPolicy = defineKind<ValidatingAdmissionPolicy>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  scope: 'Cluster',
  categories: ['api-extensions'],
  subresources: ['status'],
  statusKeeps: 'metadata',
  generation: true,
  unconditionalUpdate: false,
  defaults: (policy) => {
    policy.spec ??= {};
    policy.spec.failurePolicy ??= 'Fail';
    matchResourcesDefaults(policy.spec.matchConstraints);
    policy.status ??= {};
  },
  validate,
  columns: [
    nameColumn,
    listColumn<ValidatingAdmissionPolicy>('Validations', ({ spec }) => spec?.validations),
    paramKindColumn<ValidatingAdmissionPolicy>(({ spec }) => spec?.paramKind),
    ageColumn,
  ],
  example: {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'few-replicas' },
    spec: {
      matchConstraints: {
        resourceRules: [
          { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] },
        ],
      },
      validations: [{ expression: 'object.spec.replicas <= 5' }],
    },
  },
});
