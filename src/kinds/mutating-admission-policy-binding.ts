import {
  matchResourcesDefaults,
  paramRefColumn,
  validateMatch,
  validateParamRef,
} from './admission-rules.ts';
import { ageColumn, nameColumn, textColumn } from './columns.ts';
import { type FieldError, path } from './field.ts';
import type { MutatingAdmissionPolicyBinding } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { requireText } from './pod/checks.ts';

function validate({ spec }: MutatingAdmissionPolicyBinding): FieldError[] {
  const at = path('spec');
  return [
    ...requireText(spec?.policyName, at.child('policyName')),
    ...validateParamRef(spec?.paramRef, at.child('paramRef')),
    ...validateMatch(spec?.matchResources, at.child('matchResources'), false),
  ];
}

export const mutatingAdmissionPolicyBinding = defineKind<MutatingAdmissionPolicyBinding>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicyBinding',
  plural: 'mutatingadmissionpolicybindings',
  scope: 'Cluster',
  categories: ['api-extensions'],
  generation: true,
  unconditionalUpdate: false,
  defaults: (binding) => matchResourcesDefaults(binding.spec?.matchResources),
  validate,
  columns: [
    nameColumn,
    textColumn<MutatingAdmissionPolicyBinding>('PolicyName', ({ spec }) => spec?.policyName ?? ''),
    paramRefColumn<MutatingAdmissionPolicyBinding>(({ spec }) => spec?.paramRef),
    ageColumn,
  ],
  example: {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name: 'few-replicas' },
    spec: { policyName: 'few-replicas' },
  },
});
