/** Jobs. Source of behaviour: pkg/apis/batch (v1 defaults, validation), pkg/registry/batch/job of Kubernetes. */
import { ageColumn, humanDuration, nameColumn, textColumn, wide } from './columns.ts';
import { type FieldError, invalid, type Path, path, required } from './field.ts';
import type { Job, JobSpec, LabelSelector, PodTemplateSpec } from './generated/types.ts';
import { isIndexed, validateJobSpec } from './job/validate-spec.ts';
import { validateJobStatusUpdate } from './job/validate-status.ts';
import { validateTemplateUpdate } from './job/validate-template.ts';
import { defineKind } from './kind.ts';
import { formatLabelSelector, selectorMatches, validateLabelSelector } from './label-selector.ts';
import { isDNS1123Label } from './names.ts';
import { getOwn } from './object.ts';
import { int32Max, validateImmutable } from './pod/checks.ts';
import { defaultPodTemplate } from './pod/defaults.ts';
import { containerColumns, templateWarnings } from './pod/template.ts';
import { hostnameWarnings } from './pod/warnings.ts';
import { validateSelectorMatches } from './workload.ts';

const specPath = path('spec');
const templatePath = path('spec', 'template');

const controllerUidLabel = 'batch.kubernetes.io/controller-uid';
/** Labels that a Job's pods carry, the older two without Kubernetes' prefix. */
const uidLabels = ['controller-uid', controllerUidLabel];
const nameLabels = ['job-name', 'batch.kubernetes.io/job-name'];

/** What a Job's spec gets in a CronJob too. */
export function defaultJobTemplate(spec: JobSpec): void {
  spec.template ??= {};
  defaultPodTemplate(spec.template);
  for (const rule of spec.podFailurePolicy?.rules ?? [])
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True';
}

function defaults(object: Job): void {
  object.spec ??= {} as JobSpec;
  const spec = object.spec;
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : int32Max;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy == null ? 'TerminatingOrFailed' : 'Failed';
  spec.manualSelector ??= false;
  defaultJobTemplate(spec);
  object.status ??= {};
}

/** A Job without labels has its template's. */
function defaultLabels(object: Job): void {
  const labels = object.spec?.template?.metadata?.labels;
  if (labels !== undefined && Object.keys(object.metadata.labels ?? {}).length === 0)
    object.metadata.labels = { ...labels };
}

/** Its uid and name tell its pods from all others; what the user has set stays, and is refused if it differs. */
function prepareCreate(object: Job): void {
  const spec = object.spec as JobSpec;
  if (spec.manualSelector !== true) {
    const metadata = spec.template.metadata ?? {};
    metadata.labels ??= {};
    for (const label of nameLabels) metadata.labels[label] ??= object.metadata.name ?? '';
    for (const label of uidLabels) metadata.labels[label] ??= object.metadata.uid ?? '';
    spec.template.metadata = metadata;
    spec.selector ??= {};
    spec.selector.matchLabels ??= {};
    spec.selector.matchLabels[controllerUidLabel] ??= object.metadata.uid ?? '';
  }
  defaultLabels(object);
}

function validateHasLabel(template: PodTemplateSpec, label: string, expected: string): FieldError[] {
  const labels = template.metadata?.labels;
  const at = templatePath.child('metadata', 'labels').key(label);
  const value = getOwn(labels, label);
  if (value === undefined) return [required(at, `must be '${expected}'`)];
  return value === expected ? [] : [invalid(at, labels, `must be '${expected}'`)];
}

function validateGeneratedSelector(object: Job): FieldError[] {
  const spec = object.spec as JobSpec;
  if (spec.manualSelector === true || spec.selector == null) return [];
  const uid = object.metadata.uid ?? '';
  const name = object.metadata.name ?? '';
  const errors = uid === '' ? [required(path('metadata', 'uid'), '')] : [];
  const expected: Record<string, string> = {};
  for (const index of [0, 1])
    for (const [labels, value] of [
      [uidLabels, uid],
      [nameLabels, name],
    ] as const) {
      const label = labels[index] as string;
      expected[label] = value;
      errors.push(...validateHasLabel(spec.template, label, value));
    }
  if (!selectorMatches(spec.selector, expected))
    errors.push(invalid(specPath.child('selector'), spec.selector, '`selector` not auto-generated'));
  return errors;
}

function validateSelector(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec,
  at: Path,
): FieldError[] {
  return [
    ...(selector == null ? [required(at, '')] : validateLabelSelector(selector, at)),
    ...validateSelectorMatches(selector ?? undefined, template, templatePath),
  ];
}

function validate(object: Job): FieldError[] {
  const spec = object.spec ?? ({ template: {} } as JobSpec);
  const errors = [
    ...validateGeneratedSelector(object),
    ...validateJobSpec(spec, specPath),
    ...validateSelector(spec.selector, spec.template, specPath.child('selector')),
  ];
  const last = (spec.completions ?? 0) - 1;
  const hostname = `${object.metadata.name ?? ''}-${last}`;
  if (isIndexed(spec) && last >= 0 && isDNS1123Label(hostname).length > 0)
    errors.push(
      invalid(
        path('metadata', 'name'),
        object.metadata.name ?? '',
        `will not able to create pod with invalid DNS label: ${hostname}`,
      ),
    );
  return errors;
}

/** An indexed Job may grow and shrink, as long as it runs all at once. */
function validateCompletions(spec: JobSpec, old: JobSpec): FieldError[] {
  const at = specPath.child('completions');
  if (!isIndexed(spec)) return validateImmutable(spec.completions, old.completions, at);
  if (spec.completions === undefined || spec.completions === old.completions) return [];
  return spec.completions === spec.parallelism
    ? []
    : [invalid(at, spec.completions, 'can only be modified in tandem with spec.parallelism')];
}

const immutable = [
  'completionMode',
  'podFailurePolicy',
  'backoffLimitPerIndex',
  'managedBy',
  'successPolicy',
] as const;

function validateUpdate(object: Job, oldObject: Job): FieldError[] {
  const spec = object.spec as JobSpec;
  const old = oldObject.spec as JobSpec;
  return [
    ...validateCompletions(spec, old),
    ...validateImmutable(spec.selector, old.selector, specPath.child('selector')),
    ...validateTemplateUpdate(object, oldObject),
    ...immutable.flatMap((name) => validateImmutable(spec[name], old[name], specPath.child(name))),
  ];
}

const hasCondition = (object: Job, type: string): boolean =>
  object.status?.conditions?.find((condition) => condition.type === type)?.status === 'True';

function statusCell(object: Job): string {
  if (hasCondition(object, 'Complete')) return 'Complete';
  if (hasCondition(object, 'Failed')) return 'Failed';
  if (object.metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (hasCondition(object, 'Suspended')) return 'Suspended';
  return hasCondition(object, 'FailureTarget') ? 'FailureTarget' : 'Running';
}

function completionsCell(object: Job): string {
  const succeeded = object.status?.succeeded ?? 0;
  const { completions, parallelism = 0 } = object.spec ?? ({} as JobSpec);
  if (completions !== undefined) return `${succeeded}/${completions}`;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationCell(object: Job, now: number): string {
  const { startTime, completionTime } = object.status ?? {};
  if (startTime === undefined) return '';
  const end = completionTime === undefined ? now : Date.parse(completionTime);
  return humanDuration(end - Date.parse(startTime));
}

/** From here on a big number of failed indexes may no longer fit into the status. */
const manyCompletions = 100_000;
const muchParallelism = 10_000;

function warnings(object: Job, old?: Job): string[] {
  const { completions = 0, parallelism = 0 } = object.spec ?? ({} as JobSpec);
  const tooMany = isIndexed(object.spec) && completions > manyCompletions && parallelism > muchParallelism;
  return [
    ...(old === undefined ? hostnameWarnings(object.metadata, 'pods') : []),
    ...templateWarnings(object.spec?.template, old?.spec?.template, templatePath),
    ...(tooMany
      ? [
          'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail',
        ]
      : []),
  ];
}

export const job = defineKind<Job>({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  scope: 'Namespaced',
  categories: ['all'],
  subresources: ['status'],
  generation: true,
  defaults,
  prepareCreate,
  prepareUpdate: defaultLabels,
  validate,
  validateUpdate,
  validateStatusUpdate: validateJobStatusUpdate,
  warnings,
  selectableFields: (object) => ({ 'status.successful': String(object.status?.succeeded ?? 0) }),
  // batch/v1 keeps what it once did for the sake of old clients; kubectl asks for Background itself.
  defaultPropagation: 'Orphan',
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', description: 'Status of the job.', of: statusCell },
    textColumn('Completions', completionsCell),
    { name: 'Duration', type: 'string', description: 'Time required to complete the job.', of: durationCell },
    ageColumn,
    ...containerColumns<Job>((object) => object.spec?.template),
    wide(textColumn('Selector', (object: Job) => formatLabelSelector(object.spec?.selector))),
  ],
  example: {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'once', namespace: 'default' },
    spec: {
      template: {
        spec: { restartPolicy: 'Never', containers: [{ name: 'once', image: 'busybox:1.37' }] },
      },
    },
  },
});
