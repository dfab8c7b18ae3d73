/** DaemonSets. Source of behaviour: pkg/apis/apps (v1 defaults, conversion, validation), pkg/registry/apps/daemonset. */
import { ageColumn, countColumn, labelsCell, nameColumn, textColumn, wide } from './columns.ts';
import { type FieldError, invalid, notSupported, type Path, path, required } from './field.ts';
import type {
  DaemonSet,
  DaemonSetSpec,
  DaemonSetStatus,
  DaemonSetUpdateStrategy,
  RollingUpdateDaemonSet,
} from './generated/types.ts';
import { defineKind } from './kind.ts';
import { formatLabelSelector, isEmptySelector, validateLabelSelector } from './label-selector.ts';
import { getOwn } from './object.ts';
import { validateImmutable, validateNonNegative } from './pod/checks.ts';
import { defaultPodTemplate, omitZeroes } from './pod/defaults.ts';
import { semanticEqual } from './pod/equality.ts';
import { containerColumns, templateWarnings, validateTemplate } from './pod/template.ts';
import * as workload from './workload.ts';

const specPath = path('spec');
const templatePath = path('spec', 'template');
const statusPath = path('status');

/** How often the template has changed, kept as an annotation since apps/v1 has no field for it any more. */
const templateGenerationAnnotation = 'deprecated.daemonset.template.generation';

const emptyStatus = (): DaemonSetStatus => ({
  currentNumberScheduled: 0,
  desiredNumberScheduled: 0,
  numberMisscheduled: 0,
  numberReady: 0,
});

function defaults(object: DaemonSet): void {
  object.spec ??= {} as DaemonSetSpec;
  const spec = object.spec;
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ||= 'RollingUpdate';
  if (spec.updateStrategy.type === 'RollingUpdate') {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
    spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
  omitZeroes(spec, ['minReadySeconds']);
  spec.template ??= {};
  defaultPodTemplate(spec.template);
  object.status = { ...emptyStatus(), ...object.status };
}

function templateGenerationOf({ metadata }: DaemonSet): number {
  const text = getOwn(metadata.annotations, templateGenerationAnnotation) ?? '';
  const generation = /^[0-9]+$/.test(text) ? Number(text) : 0;
  return Number.isSafeInteger(generation) ? generation : 0;
}

function setTemplateGeneration(object: DaemonSet, generation: number): void {
  object.metadata.annotations ??= {};
  object.metadata.annotations[templateGenerationAnnotation] = String(generation);
}

function prepareUpdate(object: DaemonSet, old: DaemonSet): void {
  const before = templateGenerationOf(old);
  const changed = !semanticEqual(object.spec?.template, old.spec?.template);
  setTemplateGeneration(object, changed ? before + 1 : before);
}

function validateRollingUpdate(update: RollingUpdateDaemonSet, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ['maxUnavailable', 'maxSurge'] as const)
    errors.push(...workload.validateIntOrPercent(update[name], at.child(name)));
  for (const name of ['maxUnavailable', 'maxSurge'] as const)
    errors.push(...workload.validateAtMost100Percent(update[name], at.child(name)));
  const noUnavailable = workload.isZeroOrPercent(update.maxUnavailable);
  const noSurge = workload.isZeroOrPercent(update.maxSurge);
  if (!noUnavailable && !noSurge)
    errors.push(
      invalid(at.child('maxSurge'), update.maxSurge, 'may not be set when maxUnavailable is non-zero'),
    );
  else if (noUnavailable && noSurge)
    errors.push(required(at.child('maxUnavailable'), 'cannot be 0 when maxSurge is 0'));
  return errors;
}

function validateStrategy(strategy: DaemonSetUpdateStrategy, at: Path): FieldError[] {
  if (strategy.type === 'OnDelete') return [];
  if (strategy.type !== 'RollingUpdate') return [notSupported(at, strategy, ['RollingUpdate', 'OnDelete'])];
  return strategy.rollingUpdate == null
    ? [required(at.child('rollingUpdate'), '')]
    : validateRollingUpdate(strategy.rollingUpdate, at.child('rollingUpdate'));
}

function validate(object: DaemonSet): FieldError[] {
  const spec = object.spec ?? ({} as DaemonSetSpec);
  const selector = spec.selector ?? undefined;
  const selectorPath = specPath.child('selector');
  return [
    ...validateLabelSelector(selector, selectorPath),
    ...workload.validateSelectorMatches(selector, spec.template, templatePath),
    ...(selector !== undefined && isEmptySelector(selector)
      ? [invalid(selectorPath, selector, 'empty selector is invalid for daemonset')]
      : []),
    ...validateTemplate(spec.template, templatePath),
    ...workload.validateEndlessTemplate(spec.template, 'DaemonSet', templatePath),
    ...validateNonNegative(spec.minReadySeconds, specPath.child('minReadySeconds')),
    ...validateStrategy(spec.updateStrategy ?? {}, specPath.child('updateStrategy')),
    ...validateNonNegative(spec.revisionHistoryLimit, specPath.child('revisionHistoryLimit')),
  ];
}

function validateStatusUpdate(object: DaemonSet, old: DaemonSet): FieldError[] {
  const counts = [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'observedGeneration',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
    'collisionCount',
  ] as const;
  return [
    ...workload.validateCounts(object.status ?? emptyStatus(), counts, statusPath),
    ...workload.validateCollisionCount(object, old, statusPath),
  ];
}

const count = (name: string, field: keyof DaemonSetStatus) =>
  countColumn(name, (object: DaemonSet) => (object.status?.[field] as number | undefined) ?? 0);

export const daemonSet = defineKind<DaemonSet>({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  scope: 'Namespaced',
  shortNames: ['ds'],
  categories: ['all'],
  subresources: ['status'],
  generation: true,
  defaults,
  prepareCreate: (object) => {
    object.status = emptyStatus();
    // One that is made anew from what it was goes on counting.
    setTemplateGeneration(object, Math.max(1, templateGenerationOf(object)));
  },
  prepareUpdate,
  validate,
  validateUpdate: (object, old) =>
    validateImmutable(object.spec?.selector, old.spec?.selector, specPath.child('selector')),
  validateStatusUpdate,
  warnings: (object, old) => templateWarnings(object.spec?.template, old?.spec?.template, templatePath),
  columns: [
    nameColumn,
    count('Desired', 'desiredNumberScheduled'),
    count('Current', 'currentNumberScheduled'),
    count('Ready', 'numberReady'),
    count('Up-to-date', 'updatedNumberScheduled'),
    count('Available', 'numberAvailable'),
    textColumn('Node Selector', (object: DaemonSet) => labelsCell(object.spec?.template.spec?.nodeSelector)),
    ageColumn,
    ...containerColumns<DaemonSet>((object) => object.spec?.template),
    wide(textColumn('Selector', (object: DaemonSet) => formatLabelSelector(object.spec?.selector))),
  ],
  example: {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'nginx:1.29' }] },
      },
    },
  },
});
