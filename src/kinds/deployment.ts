/** Deployments. Source of behaviour: pkg/apis/apps (v1 defaults, validation), pkg/registry/apps/deployment of Kubernetes. */
import { ageColumn, nameColumn, textColumn, wide } from './columns.ts';
import { type FieldError, forbidden, invalid, notSupported, type Path, path, required } from './field.ts';
import type {
  Deployment,
  DeploymentSpec,
  DeploymentStrategy,
  RollingUpdateDeployment,
} from './generated/types.ts';
import { defineKind } from './kind.ts';
import { selectorText } from './label-selector.ts';
import { validateImmutable, validateNonNegative } from './pod/checks.ts';
import { defaultPodTemplate, omitZeroes } from './pod/defaults.ts';
import { semanticEqual } from './pod/equality.ts';
import { containerColumns, templateWarnings, validateTemplate } from './pod/template.ts';
import { hostnameWarnings } from './pod/warnings.ts';
import * as workload from './workload.ts';

const specPath = path('spec');
const templatePath = path('spec', 'template');
const statusPath = path('status');

function defaults(object: Deployment): void {
  object.spec ??= {} as DeploymentSpec;
  const spec = object.spec;
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  omitZeroes(spec, ['minReadySeconds', 'paused']);
  spec.strategy ??= {};
  spec.strategy.type ||= 'RollingUpdate';
  if (spec.strategy.type === 'RollingUpdate') {
    spec.strategy.rollingUpdate ??= {};
    spec.strategy.rollingUpdate.maxUnavailable ??= '25%';
    spec.strategy.rollingUpdate.maxSurge ??= '25%';
  }
  spec.template ??= {};
  defaultPodTemplate(spec.template);
  object.status ??= {};
}

/** A deployment's annotations go to its replica sets, so a change of them is for its controller to see. */
function prepareUpdate(object: Deployment, old: Deployment): void {
  if (!semanticEqual(object.metadata.annotations, old.metadata.annotations, 'annotations'))
    object.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

function validateRollingUpdate(update: RollingUpdateDeployment, at: Path): FieldError[] {
  const { maxSurge, maxUnavailable } = update;
  const here = at.child('maxUnavailable');
  return [
    ...workload.validateIntOrPercent(maxUnavailable, here),
    ...workload.validateIntOrPercent(maxSurge, at.child('maxSurge')),
    ...(workload.isZeroOrPercent(maxUnavailable) && workload.isZeroOrPercent(maxSurge)
      ? [invalid(here, maxUnavailable, 'may not be 0 when `maxSurge` is 0')]
      : []),
    ...workload.validateAtMost100Percent(maxUnavailable, here),
  ];
}

function validateStrategy(strategy: DeploymentStrategy, at: Path): FieldError[] {
  const here = at.child('rollingUpdate');
  switch (strategy.type) {
    case 'Recreate':
      return strategy.rollingUpdate == null
        ? []
        : [forbidden(here, "may not be specified when strategy `type` is 'Recreate'")];
    case 'RollingUpdate':
      return strategy.rollingUpdate == null
        ? [required(here, 'this should be defaulted and never be nil')]
        : validateRollingUpdate(strategy.rollingUpdate, here);
    default:
      return [notSupported(at, strategy, ['Recreate', 'RollingUpdate'])];
  }
}

function validateProgress(spec: DeploymentSpec): FieldError[] {
  const at = specPath.child('progressDeadlineSeconds');
  const seconds = spec.progressDeadlineSeconds;
  return [
    ...validateNonNegative(spec.minReadySeconds, specPath.child('minReadySeconds')),
    ...validateNonNegative(spec.revisionHistoryLimit, specPath.child('revisionHistoryLimit')),
    ...validateNonNegative(seconds, at),
    ...(seconds !== undefined && seconds <= (spec.minReadySeconds ?? 0)
      ? [invalid(at, seconds, 'must be greater than minReadySeconds')]
      : []),
  ];
}

function validate(object: Deployment): FieldError[] {
  const spec = object.spec ?? ({} as DeploymentSpec);
  const selector = specPath.child('selector');
  return [
    ...validateNonNegative(spec.replicas, specPath.child('replicas')),
    ...workload.validateWorkloadSelector(spec.selector, 'deployment', selector),
    ...workload.validateUsableSelectorMatches(spec.selector, spec.template, {
      selector,
      template: templatePath,
      unusable: 'invalid label selector',
    }),
    ...validateTemplate(spec.template, templatePath),
    ...workload.validateEndlessTemplate(spec.template, 'ReplicaSet', templatePath),
    ...validateStrategy(spec.strategy ?? {}, specPath.child('strategy')),
    ...validateProgress(spec),
  ];
}

function validateStatusUpdate(object: Deployment, old: Deployment): FieldError[] {
  const status = object.status ?? {};
  const parts = ['updatedReplicas', 'readyReplicas', 'availableReplicas'] as const;
  return [
    ...workload.validateCounts(
      status,
      ['observedGeneration', 'replicas', ...parts, 'unavailableReplicas', 'collisionCount'],
      statusPath,
    ),
    ...workload.validateParts(status, parts, statusPath),
    ...workload.validateCollisionCount(object, old, statusPath),
  ];
}

export const deployment = defineKind<Deployment>({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  scope: 'Namespaced',
  shortNames: ['deploy'],
  categories: ['all'],
  subresources: ['status', 'scale'],
  generation: true,
  defaults,
  prepareUpdate,
  /** Source: deploymentStatusStrategy. */
  statusKeeps: ['labels'],
  validate,
  validateUpdate: (object, old) =>
    validateImmutable(object.spec?.selector, old.spec?.selector, specPath.child('selector')),
  validateStatusUpdate,
  warnings: (object, old) => [
    ...(old === undefined ? hostnameWarnings(object.metadata, 'pods') : []),
    ...templateWarnings(object.spec?.template, old?.spec?.template, templatePath),
  ],
  columns: [
    nameColumn,
    {
      name: 'Ready',
      type: 'string',
      description: 'Number of the pod with ready state',
      of: (object) => `${object.status?.readyReplicas ?? 0}/${object.spec?.replicas ?? 0}`,
    },
    textColumn('Up-to-date', (object: Deployment) => object.status?.updatedReplicas ?? 0),
    textColumn('Available', (object: Deployment) => object.status?.availableReplicas ?? 0),
    ageColumn,
    ...containerColumns<Deployment>((object) => object.spec?.template),
    wide(textColumn('Selector', (object: Deployment) => selectorText(object.spec?.selector))),
  ],
  scale: workload.scaleBy<Deployment>(({ spec }) => spec?.selector),
  example: {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
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
