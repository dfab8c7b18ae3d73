/** ReplicationControllers. Source of behaviour: pkg/apis/core (v1 defaults, validation), pkg/registry/core/replicationcontroller. */
import { ageColumn, labelsCell, nameColumn, textColumn, wide } from './columns.ts';
import { type FieldError, invalid, path, required } from './field.ts';
import type { ReplicationController } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { selectorMatches } from './label-selector.ts';
import { validateNonNegative } from './pod/checks.ts';
import { defaultPodTemplate, omitZeroes } from './pod/defaults.ts';
import { containerColumns, templateWarnings, validateTemplate } from './pod/template.ts';
import { hostnameWarnings } from './pod/warnings.ts';
import * as workload from './workload.ts';

const specPath = path('spec');
const templatePath = path('spec', 'template');
const statusPath = path('status');

const isEmpty = (map: object | undefined): boolean => Object.keys(map ?? {}).length === 0;

/** What the user leaves out is taken from the template's labels. */
function defaults(object: ReplicationController): void {
  object.spec ??= {};
  const spec = object.spec;
  const labels = spec.template?.metadata?.labels;
  if (labels !== undefined) {
    if (isEmpty(spec.selector)) spec.selector = { ...labels };
    if (isEmpty(object.metadata.labels)) object.metadata.labels = { ...labels };
  }
  spec.replicas ??= 1;
  omitZeroes(spec, ['minReadySeconds']);
  if (spec.template !== undefined) defaultPodTemplate(spec.template);
  object.status = { replicas: 0, ...object.status };
}

function validateSelectedTemplate(object: ReplicationController): FieldError[] {
  const template = object.spec?.template;
  if (template == null) return [required(templatePath, '')];
  const selector = object.spec?.selector;
  const labels = template.metadata?.labels;
  const matches = isEmpty(selector) || selectorMatches({ matchLabels: selector }, labels);
  return [
    ...(matches
      ? []
      : [
          invalid(
            templatePath.child('metadata', 'labels'),
            labels ?? null,
            '`selector` does not match template `labels`',
          ),
        ]),
    ...validateTemplate(template, templatePath),
    ...workload.validateEndlessTemplate(template, 'ReplicationController', templatePath),
  ];
}

function validate(object: ReplicationController): FieldError[] {
  const spec = object.spec;
  return [
    ...validateNonNegative(spec?.minReadySeconds, specPath.child('minReadySeconds')),
    ...(isEmpty(spec?.selector) ? [required(specPath.child('selector'), '')] : []),
    ...validateNonNegative(spec?.replicas, specPath.child('replicas')),
    ...validateSelectedTemplate(object),
  ];
}

function validateStatus(object: ReplicationController): FieldError[] {
  const status = object.status ?? { replicas: 0 };
  const parts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const;
  return [
    ...workload.validateCounts(status, ['replicas', ...parts, 'observedGeneration'], statusPath),
    ...workload.validateParts(status, parts, statusPath),
  ];
}

export const replicationController = defineKind<ReplicationController>({
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  scope: 'Namespaced',
  shortNames: ['rc'],
  categories: ['all'],
  subresources: ['status', 'scale'],
  generation: true,
  defaults,
  // Upstream's replicas have no omitempty: they are always shown.
  prepareCreate: (object) => {
    object.status = { replicas: 0 };
  },
  validate,
  validateStatusUpdate: validateStatus,
  warnings: (object, old) => [
    ...(old === undefined ? hostnameWarnings(object.metadata, 'pods') : []),
    ...templateWarnings(object.spec?.template, old?.spec?.template, templatePath),
  ],
  selectableFields: (object) => ({ 'status.replicas': String(object.status?.replicas ?? 0) }),
  defaultPropagation: 'Orphan',
  columns: [
    nameColumn,
    ...workload.replicaColumns<ReplicationController>(
      (object) => object.spec?.replicas,
      (object) => object.status,
    ),
    ageColumn,
    ...containerColumns<ReplicationController>((object) => object.spec?.template),
    wide(textColumn('Selector', (object: ReplicationController) => labelsCell(object.spec?.selector))),
  ],
  scale: workload.scaleBy<ReplicationController>(({ spec }) => ({ matchLabels: spec?.selector })),
  example: {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      selector: { app: 'web' },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'nginx:1.29' }] },
      },
    },
  },
});
