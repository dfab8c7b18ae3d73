import { ageColumn, countColumn, nameColumn, textColumn } from './columns.ts';
import { type FieldError, forbidden, invalid, path } from './field.ts';
import type { PriorityClass } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { validateOptionalChoice } from './pod/checks.ts';

const highestUserValue = 1_000_000_000;

/** The classes of the system's own pods, which alone may bear the prefix. */
const systemClasses: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};

function systemProblem(
  name: string,
  { value = 0, globalDefault = false }: PriorityClass,
): string | undefined {
  const wanted = Object.hasOwn(systemClasses, name) ? systemClasses[name] : undefined;
  if (wanted === undefined) return `${name} is not a known system priority class`;
  if (value !== wanted) return `value of ${name} PriorityClass must be ${wanted}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

function validate(priorityClass: PriorityClass): FieldError[] {
  const errors: FieldError[] = [];
  const name = priorityClass.metadata.name ?? '';
  if (name.startsWith('system-')) {
    const problem = systemProblem(name, priorityClass);
    if (problem !== undefined)
      errors.push(
        forbidden(
          path('metadata', 'name'),
          `priority class names with 'system-' prefix are reserved for system use only. error: ${problem}`,
        ),
      );
  } else if ((priorityClass.value ?? 0) > highestUserValue)
    errors.push(
      forbidden(path('value'), `maximum allowed value of a user defined priority is ${highestUserValue}`),
    );
  const policies = ['Never', 'PreemptLowerPriority'];
  return [
    ...errors,
    ...validateOptionalChoice(priorityClass.preemptionPolicy, policies, path('preemptionPolicy')),
  ];
}

function validateUpdate(priorityClass: PriorityClass, old: PriorityClass): FieldError[] {
  const errors: FieldError[] = [];
  if (priorityClass.value !== old.value)
    errors.push(forbidden(path('value'), 'may not be changed in an update.'));
  if (priorityClass.preemptionPolicy !== old.preemptionPolicy)
    errors.push(invalid(path('preemptionPolicy'), priorityClass.preemptionPolicy, 'field is immutable'));
  return errors;
}

export const priorityClass = defineKind<PriorityClass>({
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  scope: 'Cluster',
  shortNames: ['pc'],
  generation: true,
  defaults: (priorityClass) => {
    priorityClass.value ??= 0;
    priorityClass.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  validate,
  validateUpdate,
  columns: [
    nameColumn,
    countColumn<PriorityClass>('Value', ({ value }) => value ?? 0),
    { name: 'Global-Default', type: 'boolean', of: ({ globalDefault }) => globalDefault ?? false },
    ageColumn,
    textColumn<PriorityClass>('PreemptionPolicy', ({ preemptionPolicy }) => preemptionPolicy ?? ''),
  ],
  example: {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: 'high' },
    value: 1000,
  },
});
