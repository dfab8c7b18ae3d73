/** StatefulSets. Source of behaviour: pkg/apis/apps (v1 defaults, conversion, validation), pkg/registry/apps/statefulset. */
import { ageColumn, nameColumn } from './columns.ts';
import { type FieldError, forbidden, invalid, notSupported, type Path, path, required } from './field.ts';
import type {
  PodTemplateSpec,
  StatefulSet,
  StatefulSetSpec,
  StatefulSetStatus,
  StatefulSetUpdateStrategy,
} from './generated/types.ts';
import { defineKind } from './kind.ts';
import { isDNS1123Label } from './names.ts';
import { validateClaimSpec } from './persistent-volume-claim.ts';
import { validateDNS1123Subdomain, validateNonNegative } from './pod/checks.ts';
import { defaultPodTemplate, omitZeroes } from './pod/defaults.ts';
import { semanticEqual } from './pod/equality.ts';
import { containerColumns, templateWarnings, validateTemplate } from './pod/template.ts';
import { defaultClaimSpec } from './pod/volume-defaults.ts';
import { hostnameWarnings } from './pod/warnings.ts';
import * as workload from './workload.ts';

const specPath = path('spec');
const templatePath = path('spec', 'template');
const statusPath = path('status');
const managementPolicies = ['OrderedReady', 'Parallel'];
const retentionPolicies = ['Retain', 'Delete'];

/** Upstream's fields have no omitempty: they are always shown. */
const emptyStatus = (): StatefulSetStatus => ({ replicas: 0, availableReplicas: 0 });

function defaultClaims(spec: StatefulSetSpec): void {
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.apiVersion = 'v1';
    claim.kind = 'PersistentVolumeClaim';
    claim.metadata ??= {};
    claim.spec ??= {};
    defaultClaimSpec(claim.spec);
    claim.status ??= {};
    claim.status.phase ||= 'Pending';
  }
}

function defaults(object: StatefulSet): void {
  object.spec ??= {} as StatefulSetSpec;
  const spec = object.spec;
  spec.podManagementPolicy ||= 'OrderedReady';
  spec.updateStrategy ??= {};
  if (!spec.updateStrategy.type) {
    spec.updateStrategy.type = 'RollingUpdate';
    spec.updateStrategy.rollingUpdate ??= {};
  }
  const update = spec.updateStrategy.rollingUpdate;
  // v1.36 has maxUnavailable behind a gate that is off (kubernetes/kubernetes#137904): nobody who does not ask sees it.
  if (spec.updateStrategy.type === 'RollingUpdate' && update != null) update.partition ??= 0;
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain';
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  omitZeroes(spec, ['minReadySeconds', 'volumeClaimTemplates']);
  // Upstream's field has no omitempty: an unset one is shown as empty.
  spec.serviceName ??= '';
  spec.template ??= {};
  defaultPodTemplate(spec.template);
  defaultClaims(spec);
  object.status = { ...emptyStatus(), ...object.status };
}

function validateStrategy(strategy: StatefulSetUpdateStrategy, at: Path): FieldError[] {
  const update = strategy.rollingUpdate ?? undefined;
  const here = at.child('rollingUpdate');
  switch (strategy.type ?? '') {
    case '':
      return [required(at, '')];
    case 'OnDelete':
      return update === undefined
        ? []
        : [invalid(here, update, "only allowed for updateStrategy 'RollingUpdate'")];
    case 'RollingUpdate': {
      if (update === undefined) return [];
      const errors = validateNonNegative(update.partition, here.child('partition'));
      const most = update.maxUnavailable;
      if (most === undefined) return errors;
      errors.push(...workload.validateIntOrPercent(most, here.child('maxUnavailable')));
      if (workload.isZeroOrPercent(most))
        errors.push(invalid(here.child('maxUnavailable'), most, 'cannot be 0'));
      return [...errors, ...workload.validateAtMost100Percent(most, here.child('maxUnavailable'))];
    }
    default:
      return [invalid(at, strategy, "must be 'RollingUpdate' or 'OnDelete'")];
  }
}

/** The template as its pods will have it: each claim template is a volume of theirs. */
function withClaims(spec: StatefulSetSpec): PodTemplateSpec {
  const claimed = (spec.volumeClaimTemplates ?? []).flatMap(({ metadata }) =>
    metadata?.name ? [{ name: metadata.name, persistentVolumeClaim: { claimName: metadata.name } }] : [],
  );
  const names = new Set(claimed.map((volume) => volume.name));
  const own = (spec.template?.spec?.volumes ?? []).filter((volume) => !names.has(volume.name));
  return {
    ...spec.template,
    spec: {
      ...spec.template?.spec,
      containers: spec.template?.spec?.containers ?? [],
      volumes: [...own, ...claimed],
    },
  };
}

function validateRetention(spec: StatefulSetSpec): FieldError[] {
  const at = specPath.child('persistentVolumeClaimRetentionPolicy');
  return (['whenDeleted', 'whenScaled'] as const).flatMap((name) => {
    const policy = spec.persistentVolumeClaimRetentionPolicy?.[name] ?? 'Retain';
    return retentionPolicies.includes(policy)
      ? []
      : [notSupported(at.child(name), policy, retentionPolicies)];
  });
}

function validate(object: StatefulSet): FieldError[] {
  const spec = object.spec ?? ({} as StatefulSetSpec);
  const policy = spec.podManagementPolicy ?? '';
  const policyAt = specPath.child('podManagementPolicy');
  const selector = specPath.child('selector');
  const errors: FieldError[] = [];
  if (policy === '') errors.push(required(policyAt, ''));
  else if (!managementPolicies.includes(policy))
    errors.push(invalid(policyAt, policy, "must be 'OrderedReady' or 'Parallel'"));
  return [
    ...errors,
    ...validateStrategy(spec.updateStrategy ?? {}, specPath.child('updateStrategy')),
    ...validateRetention(spec),
    ...validateNonNegative(spec.replicas, specPath.child('replicas')),
    ...validateNonNegative(spec.minReadySeconds, specPath.child('minReadySeconds')),
    ...validateNonNegative(spec.ordinals?.start, specPath.child('ordinals.start')),
    ...(spec.serviceName ? validateDNS1123Subdomain(spec.serviceName, specPath.child('serviceName')) : []),
    ...workload.validateWorkloadSelector(spec.selector, 'statefulset', selector),
    ...workload.validateUsableSelectorMatches(spec.selector, spec.template, {
      selector,
      template: templatePath,
      unusable: '',
    }),
    ...validateTemplate(withClaims(spec), templatePath),
    ...workload.validateEndlessTemplate(spec.template, 'StatefulSet', templatePath),
  ];
}

/** On create only: they cannot change afterwards. */
function validateClaims(object: StatefulSet): FieldError[] {
  return (object.spec?.volumeClaimTemplates ?? []).flatMap((claim, index) =>
    validateClaimSpec(claim.spec ?? {}, specPath.child('volumeClaimTemplates').index(index).child('spec')),
  );
}

const changeable = {
  replicas: undefined,
  ordinals: undefined,
  template: undefined,
  updateStrategy: undefined,
  revisionHistoryLimit: undefined,
  persistentVolumeClaimRetentionPolicy: undefined,
  minReadySeconds: undefined,
};

function validateUpdate(object: StatefulSet, old: StatefulSet): FieldError[] {
  return semanticEqual({ ...object.spec, ...changeable }, { ...old.spec, ...changeable })
    ? []
    : [
        forbidden(
          specPath,
          "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        ),
      ];
}

function validateStatusUpdate(object: StatefulSet, old: StatefulSet): FieldError[] {
  const status: StatefulSetStatus = object.status ?? { replicas: 0 };
  const parts = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'] as const;
  return [
    ...workload.validateCounts(
      status,
      ['replicas', ...parts, 'observedGeneration', 'collisionCount'],
      statusPath,
    ),
    ...workload.validateParts(status, parts, statusPath, 'status.readyReplicas'),
    ...workload.validateCollisionCount(object, old, statusPath),
  ];
}

function warnings(object: StatefulSet, old?: StatefulSet): string[] {
  const limit = object.spec?.revisionHistoryLimit;
  return [
    ...(old === undefined ? hostnameWarnings(object.metadata, 'pods') : []),
    ...templateWarnings(object.spec?.template, old?.spec?.template, templatePath),
    ...(limit !== undefined && limit < 0
      ? [
          'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
        ]
      : []),
  ];
}

export const statefulSet = defineKind<StatefulSet>({
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  scope: 'Namespaced',
  shortNames: ['sts'],
  categories: ['all'],
  subresources: ['status', 'scale'],
  generation: true,
  // The names of its pods are labels of DNS names.
  validateName: (name, prefix) => isDNS1123Label(prefix ? name.replace(/-$/, 'a') : name),
  defaults,
  prepareCreate: (object) => {
    object.status = emptyStatus();
  },
  validate,
  validateCreate: validateClaims,
  validateUpdate,
  validateStatusUpdate,
  warnings,
  columns: [
    nameColumn,
    {
      name: 'Ready',
      type: 'string',
      description: 'Number of the pod with ready state',
      of: (object) => `${object.status?.readyReplicas ?? 0}/${object.spec?.replicas ?? 0}`,
    },
    ageColumn,
    ...containerColumns<StatefulSet>((object) => object.spec?.template),
  ],
  scale: workload.scaleBy<StatefulSet>(({ spec }) => spec?.selector),
  example: {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      serviceName: 'web',
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'nginx:1.29' }] },
      },
    },
  },
});
