import {
  matchResourcesDefaults,
  paramRefColumn,
  validateMatch,
  validateParamRef,
} from './admission-rules.ts';
import { ageColumn, nameColumn, textColumn } from './columns.ts';
import { duplicate, type FieldError, invalid, notSupported, type Path, path, required } from './field.ts';
import type { ValidatingAdmissionPolicyBinding } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { requireText } from './pod/checks.ts';

const actions = ['Audit', 'Deny', 'Warn'];

/** At least one; to deny and to warn of the same would say it twice. */
function validateActions(given: readonly string[] = [], at: Path): FieldError[] {
  if (given.length === 0) return [required(at, '')];
  const errors = given.flatMap((action, index) => {
    if (!actions.includes(action)) return [notSupported(at.index(index), action, actions)];
    return given.indexOf(action) < index ? [duplicate(at.index(index), action)] : [];
  });
  if (given.includes('Deny') && given.includes('Warn'))
    errors.push(
      invalid(
        at,
        given,
        'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ),
    );
  return errors;
}

function validate({ spec }: ValidatingAdmissionPolicyBinding): FieldError[] {
  const at = path('spec');
  return [
    ...requireText(spec?.policyName, at.child('policyName')),
    ...validateParamRef(spec?.paramRef, at.child('paramRef')),
    ...validateMatch(spec?.matchResources, at.child('matchResources'), false),
    ...validateActions(spec?.validationActions, at.child('validationActions')),
  ];
}

export const validatingAdmissionPolicyBinding = defineKind<ValidatingAdmissionPolicyBinding>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  scope: 'Cluster',
  categories: ['api-extensions'],
  generation: true,
  unconditionalUpdate: false,
  defaults: (binding) => matchResourcesDefaults(binding.spec?.matchResources),
  validate,
  columns: [
    nameColumn,
    textColumn<ValidatingAdmissionPolicyBinding>('PolicyName', ({ spec }) => spec?.policyName ?? ''),
    paramRefColumn<ValidatingAdmissionPolicyBinding>(({ spec }) => spec?.paramRef),
    ageColumn,
  ],
  example: {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: 'few-replicas' },
    spec: { policyName: 'few-replicas', validationActions: ['Deny'] },
  },
});
