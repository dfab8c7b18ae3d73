import { ageColumn, nameColumn, textColumn, unknown, unset } from './columns.ts';
import { type FieldError, forbidden, invalid, notSupported, type Path, path, required } from './field.ts';
import type {
  CrossVersionObjectReferenceV2,
  HorizontalPodAutoscalerV2,
  HPAScalingRulesV2,
  MetricSpecV2,
  MetricStatusV2,
  MetricTargetV2,
} from './generated/types.ts';
import { defaultMetrics } from './horizontal-pod-autoscaler-conversion.ts';
import { type Column, defineKind } from './kind.ts';
import { isPathSegmentName } from './names.ts';
import { requireText, validateNonNegative } from './pod/checks.ts';
import { readQuantity } from './quantities.ts';

const metricFields = ['object', 'pods', 'resource', 'containerResource', 'external'] as const;
const metricTypes = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];

function validateReference(reference: CrossVersionObjectReferenceV2 | undefined, at: Path): FieldError[] {
  return (['kind', 'name'] as const).flatMap((field) => {
    const value = reference?.[field] ?? '';
    if (value === '') return [required(at.child(field), '')];
    return isPathSegmentName(value).map((message) => invalid(at.child(field), value, message));
  });
}

/** `Resource` -> `resource`, `ContainerResource` -> `containerResource`. */
const fieldOf = (type: string): string => type.charAt(0).toLowerCase() + type.slice(1);

const targetTypes = ['AverageValue', 'Utilization', 'Value'];

function validateTarget(target: MetricTargetV2 | undefined, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const { type = '', averageUtilization } = target ?? {};
  if (type === '') errors.push(required(at.child('type'), 'must specify a metric target type'));
  if (!targetTypes.includes(type))
    errors.push(invalid(at.child('type'), type, 'must be either Utilization, Value, or AverageValue'));
  for (const field of ['value', 'averageValue'] as const) {
    const text = target?.[field];
    if (text !== undefined && readQuantity(text).nanos <= 0n)
      errors.push(invalid(at.child(field), text, 'must be positive'));
  }
  if (averageUtilization !== undefined && averageUtilization < 1)
    errors.push(invalid(at.child('averageUtilization'), averageUtilization, 'must be greater than 0'));
  return errors;
}

/** Which numbers a source must have, of those that its target can carry. */
function validateNumbers(metric: MetricSpecV2, field: (typeof metricFields)[number], at: Path): FieldError[] {
  const { value, averageValue, averageUtilization } = metric[field]?.target ?? {};
  if (field === 'resource' || field === 'containerResource') {
    if (averageUtilization === undefined && averageValue === undefined)
      return [
        required(
          at.child('averageUtilization'),
          'must set either a target raw value or a target utilization',
        ),
      ];
    return averageUtilization === undefined || averageValue === undefined
      ? []
      : [forbidden(at.child('averageValue'), 'may not set both a target raw value and a target utilization')];
  }
  if (field === 'pods')
    return averageValue === undefined
      ? [required(at.child('averageValue'), 'must specify a positive target averageValue')]
      : [];
  if (value !== undefined || averageValue !== undefined) return [];
  const detail =
    field === 'object'
      ? 'must set either a target value or averageValue'
      : 'must set either a target value for metric or a per-pod target';
  return [required(at.child('averageValue'), detail)];
}

function validateSource(metric: MetricSpecV2, field: (typeof metricFields)[number], at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const byMetric = field === 'object' || field === 'pods' || field === 'external';
  if (field === 'object')
    errors.push(...validateReference(metric.object?.describedObject, at.child('describedObject')));
  if (byMetric)
    errors.push(
      ...requireText(metric[field]?.metric?.name, at.child('metric', 'name'), 'must specify a metric name'),
    );
  else errors.push(...requireText(metric[field]?.name, at.child('name'), 'must specify a resource name'));
  if (field === 'containerResource')
    errors.push(
      ...requireText(metric.containerResource?.container, at.child('container'), 'must specify a container'),
    );
  const target = at.child('target');
  return [
    ...errors,
    ...validateTarget(metric[field]?.target, target),
    ...validateNumbers(metric, field, target),
  ];
}

/** One source, of the type that is named. */
function validateMetric(metric: MetricSpecV2, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const type = metric.type ?? '';
  if (type === '') errors.push(required(at.child('type'), 'must specify a metric source type'));
  if (!metricTypes.includes(type)) errors.push(notSupported(at.child('type'), type, metricTypes));
  const given = metricFields.filter((field) => metric[field] !== undefined);
  const [first] = given;
  if (first !== undefined) errors.push(...validateSource(metric, first, at.child(first)));
  const expected = fieldOf(type);
  if (!given.some((field) => field === expected))
    errors.push(required(at.child(expected), 'must populate information for the given metric source'));
  if (given.length !== 1)
    for (const field of given.filter((each) => each !== expected))
      errors.push(forbidden(at.child(field), 'must populate the given metric source only'));
  return errors;
}

export function validateAutoscaler(autoscaler: HorizontalPodAutoscalerV2): FieldError[] {
  const at = path('spec');
  const { minReplicas, maxReplicas = 0, scaleTargetRef, metrics } = autoscaler.spec ?? {};
  const errors: FieldError[] = [];
  if (minReplicas !== undefined && minReplicas < 1)
    errors.push(invalid(at.child('minReplicas'), minReplicas, 'must be greater than or equal to 1'));
  if (maxReplicas < 1) errors.push(invalid(at.child('maxReplicas'), maxReplicas, 'must be greater than 0'));
  if (minReplicas !== undefined && maxReplicas < minReplicas)
    errors.push(
      invalid(at.child('maxReplicas'), maxReplicas, 'must be greater than or equal to `minReplicas`'),
    );
  errors.push(...validateReference(scaleTargetRef, at.child('scaleTargetRef')));
  for (const [index, metric] of (metrics ?? []).entries())
    errors.push(...validateMetric(metric, at.child('metrics').index(index)));
  return errors;
}

export function validateAutoscalerStatus({ status }: HorizontalPodAutoscalerV2): FieldError[] {
  const at = path('status');
  return [
    ...validateNonNegative(status?.currentReplicas, at.child('currentReplicas')),
    ...validateNonNegative(status?.desiredReplicas, at.child('desiredReplicas')),
  ];
}

/** Twice as many or four more in 15 seconds up; anything down, after five minutes (controller's default). */
function scalingRules(rules: HPAScalingRulesV2 | undefined, up: boolean): HPAScalingRulesV2 {
  const percent = { type: 'Percent', value: 100, periodSeconds: 15 };
  return {
    ...(up ? { stabilizationWindowSeconds: 0 } : {}),
    selectPolicy: 'Max',
    policies: up ? [{ type: 'Pods', value: 4, periodSeconds: 15 }, percent] : [percent],
    ...rules,
  };
}

function defaults(autoscaler: HorizontalPodAutoscalerV2): void {
  const { spec } = autoscaler;
  if (spec !== undefined) {
    spec.minReplicas ??= 1;
    if (!spec.metrics?.length) spec.metrics = defaultMetrics() as unknown as MetricSpecV2[];
    if (spec.behavior !== undefined)
      spec.behavior = {
        scaleUp: scalingRules(spec.behavior.scaleUp, true),
        scaleDown: scalingRules(spec.behavior.scaleDown, false),
      };
  }
  autoscaler.status ??= { desiredReplicas: 0 };
  autoscaler.status.desiredReplicas ??= 0;
}

function metricCell(metric: MetricSpecV2, status: MetricStatusV2 | undefined): string {
  const field = metricFields.find((each) => each === fieldOf(metric.type));
  const target = field === undefined ? undefined : metric[field]?.target;
  if (field === undefined || target === undefined) return '<unknown type>';
  const current = status?.[field]?.current;
  if (field === 'resource' || field === 'containerResource') {
    const name = metric[field]?.name ?? '';
    if (target.averageValue !== undefined)
      return `${name}: ${current?.averageValue ?? unknown}/${target.averageValue}`;
    const percent = (value: number | undefined, none: string): string =>
      value === undefined ? none : `${value}%`;
    return `${name}: ${percent(current?.averageUtilization, unknown)}/${percent(target.averageUtilization, '<auto>')}`;
  }
  if (target.averageValue === undefined) return `${current?.value ?? unknown}/${target.value ?? unknown}`;
  const average = `${current?.averageValue ?? unknown}/${target.averageValue}`;
  return field === 'pods' ? average : `${average} (avg)`;
}

const shownMetricsMax = 2;

function targetsCell({ spec, status }: HorizontalPodAutoscalerV2): string {
  const metrics = spec?.metrics ?? [];
  if (metrics.length === 0) return '<none>';
  const cells = metrics.map((metric, index) => metricCell(metric, status?.currentMetrics?.[index]));
  const shown = cells.slice(0, shownMetricsMax).join(', ');
  return cells.length > shownMetricsMax ? `${shown} + ${cells.length - shownMetricsMax} more...` : shown;
}

export const autoscalerColumns: readonly Column<HorizontalPodAutoscalerV2>[] = [
  nameColumn as Column<HorizontalPodAutoscalerV2>,
  textColumn(
    'Reference',
    ({ spec }) => `${spec?.scaleTargetRef?.kind ?? ''}/${spec?.scaleTargetRef?.name ?? ''}`,
  ),
  textColumn('Targets', targetsCell),
  textColumn('MinPods', ({ spec }) => String(spec?.minReplicas ?? unset)),
  textColumn('MaxPods', ({ spec }) => spec?.maxReplicas ?? 0),
  textColumn('Replicas', ({ status }) => status?.currentReplicas ?? 0),
  ageColumn as Column<HorizontalPodAutoscalerV2>,
];

export const horizontalPodAutoscaler = defineKind<HorizontalPodAutoscalerV2>({
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  scope: 'Namespaced',
  schema: 'HorizontalPodAutoscalerV2',
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: ['status'],
  defaults,
  prepareCreate: defaults,
  validate: validateAutoscaler,
  validateStatusUpdate: validateAutoscalerStatus,
  columns: autoscalerColumns,
  example: {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 2,
      maxReplicas: 5,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
        },
        {
          type: 'Pods',
          pods: { metric: { name: 'requests' }, target: { type: 'AverageValue', averageValue: '10' } },
        },
      ],
    },
  },
});
