import { ageColumn, nameColumn, none, textColumn } from './columns.ts';
import { type FieldError, invalid, path } from './field.ts';
import type { FlowSchema } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { requireText, validateOptionalChoice } from './pod/checks.ts';

const precedenceMax = 10_000;

function validate({ spec }: FlowSchema): FieldError[] {
  const at = path('spec');
  const { matchingPrecedence = 0, distinguisherMethod, priorityLevelConfiguration } = spec ?? {};
  const errors: FieldError[] = [];
  if (matchingPrecedence <= 0)
    errors.push(invalid(at.child('matchingPrecedence'), matchingPrecedence, 'must be a positive value'));
  if (matchingPrecedence > precedenceMax)
    errors.push(
      invalid(
        at.child('matchingPrecedence'),
        matchingPrecedence,
        `must not be greater than ${precedenceMax}`,
      ),
    );
  return [
    ...errors,
    ...validateOptionalChoice(
      distinguisherMethod?.type,
      ['ByNamespace', 'ByUser'],
      at.child('distinguisherMethod'),
    ),
    ...requireText(
      priorityLevelConfiguration?.name,
      at.child('priorityLevelConfiguration', 'name'),
      'must reference a priority level',
    ),
  ];
}

export const flowSchema = defineKind<FlowSchema>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  plural: 'flowschemas',
  scope: 'Cluster',
  subresources: ['status'],
  statusKeeps: 'metadata',
  generation: true,
  unconditionalUpdate: false,
  defaults: (schema) => {
    if (schema.spec !== undefined) schema.spec.matchingPrecedence ||= 1000;
    schema.status ??= {};
  },
  validate,
  columns: [
    nameColumn,
    textColumn<FlowSchema>('PriorityLevel', ({ spec }) => spec?.priorityLevelConfiguration?.name ?? ''),
    textColumn<FlowSchema>('MatchingPrecedence', ({ spec }) => spec?.matchingPrecedence ?? 0),
    textColumn<FlowSchema>('DistinguisherMethod', ({ spec }) => spec?.distinguisherMethod?.type ?? none),
    ageColumn,
    textColumn<FlowSchema>(
      'MissingPL',
      ({ status }) => status?.conditions?.find((condition) => condition.type === 'Dangling')?.status ?? '?',
    ),
  ],
  example: {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'FlowSchema',
    metadata: { name: 'robots' },
    spec: { priorityLevelConfiguration: { name: 'low' } },
  },
});
