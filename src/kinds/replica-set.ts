/** ReplicaSets. Source of behaviour: pkg/apis/apps (v1 defaults, validation), pkg/registry/apps/replicaset of Kubernetes. */
import { ageColumn, nameColumn, textColumn, wide } from './columns.ts';
import { type FieldError, path } from './field.ts';
import type { ReplicaSet } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { formatLabelSelector } from './label-selector.ts';
import { validateImmutable, validateNonNegative } from './pod/checks.ts';
import { defaultPodTemplate, omitZeroes } from './pod/defaults.ts';
import { containerColumns, templateWarnings, validateTemplate } from './pod/template.ts';
import { hostnameWarnings } from './pod/warnings.ts';
import * as workload from './workload.ts';

const specPath = path('spec');
const templatePath = path('spec', 'template');
const statusPath = path('status');

function defaults(object: ReplicaSet): void {
  object.spec ??= { selector: undefined as never };
  object.spec.replicas ??= 1;
  omitZeroes(object.spec, ['minReadySeconds']);
  object.spec.template ??= {};
  defaultPodTemplate(object.spec.template);
  object.status = { replicas: 0, ...object.status };
}

function validate(object: ReplicaSet): FieldError[] {
  const spec = object.spec;
  const selector = specPath.child('selector');
  return [
    ...validateNonNegative(spec?.replicas, specPath.child('replicas')),
    ...validateNonNegative(spec?.minReadySeconds, specPath.child('minReadySeconds')),
    // The noun is upstream's own slip.
    ...workload.validateWorkloadSelector(spec?.selector, 'deployment', selector),
    ...workload.validateUsableSelectorMatches(spec?.selector, spec?.template, {
      selector,
      template: templatePath,
      unusable: 'invalid label selector',
    }),
    ...validateTemplate(spec?.template, templatePath),
    ...workload.validateEndlessTemplate(spec?.template, 'ReplicaSet', templatePath),
  ];
}

function validateStatus(object: ReplicaSet): FieldError[] {
  const status = object.status ?? { replicas: 0 };
  const parts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const;
  return [
    ...workload.validateCounts(status, ['replicas', ...parts, 'observedGeneration'], statusPath),
    ...workload.validateParts(status, parts, statusPath),
  ];
}

export const replicaSet = defineKind<ReplicaSet>({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  scope: 'Namespaced',
  shortNames: ['rs'],
  categories: ['all'],
  subresources: ['status', 'scale'],
  generation: true,
  defaults,
  // Upstream's replicas have no omitempty: they are always shown.
  prepareCreate: (object) => {
    object.status = { replicas: 0 };
  },
  validate,
  validateUpdate: (object, old) =>
    validateImmutable(object.spec?.selector, old.spec?.selector, specPath.child('selector')),
  validateStatusUpdate: validateStatus,
  warnings: (object, old) => [
    ...(old === undefined ? hostnameWarnings(object.metadata, 'pods') : []),
    ...templateWarnings(object.spec?.template, old?.spec?.template, templatePath),
  ],
  selectableFields: (object) => ({ 'status.replicas': String(object.status?.replicas ?? 0) }),
  columns: [
    nameColumn,
    ...workload.replicaColumns<ReplicaSet>(
      (object) => object.spec?.replicas,
      (object) => object.status,
    ),
    ageColumn,
    ...containerColumns<ReplicaSet>((object) => object.spec?.template),
    wide(textColumn('Selector', (object: ReplicaSet) => formatLabelSelector(object.spec?.selector))),
  ],
  scale: workload.scaleBy<ReplicaSet>(({ spec }) => spec?.selector),
  example: {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
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
