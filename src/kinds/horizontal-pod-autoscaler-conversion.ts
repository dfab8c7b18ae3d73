/**
 * autoscaling/v1 shows what autoscaling/v2 stores. It has a field for the one metric it knew, average CPU utilization;
 * all else travels in annotations, so that nothing is lost.
 * Source of names and forms: pkg/apis/autoscaling/v1/conversion.go of Kubernetes.
 */
import type { AnyObject } from './object.ts';

const metricsKey = 'autoscaling.alpha.kubernetes.io/metrics';
const currentMetricsKey = 'autoscaling.alpha.kubernetes.io/current-metrics';
const conditionsKey = 'autoscaling.alpha.kubernetes.io/conditions';
const behaviorKey = 'autoscaling.alpha.kubernetes.io/behavior';

const defaultCPUUtilization = 80;

type Json = Record<string, unknown>;

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const record = (value: unknown): Json => (isRecord(value) ? value : {});
const list = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isRecord) : []);

/** Without the fields that are not there. */
const present = (fields: Json): Json =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const sources = ['object', 'pods', 'resource', 'containerResource', 'external'] as const;

/** What a metric of v1 calls its numbers: `target...` in spec, `current...` in status. */
type Prefix = 'target' | 'current';

function flattenSource(source: Json, name: (typeof sources)[number], prefix: Prefix): Json {
  const metric = record(source.metric);
  const numbers = record(source[prefix]);
  const average = { [`${prefix}AverageValue`]: numbers.averageValue };
  if (name === 'resource' || name === 'containerResource')
    return present({
      name: source.name,
      [`${prefix}AverageUtilization`]: numbers.averageUtilization,
      ...average,
      container: source.container,
    });
  if (name === 'pods') return present({ metricName: metric.name, ...average, selector: metric.selector });
  if (name === 'external')
    return present({
      metricName: metric.name,
      metricSelector: metric.selector,
      [`${prefix}Value`]: numbers.value,
      ...average,
    });
  return present({
    target: source.describedObject,
    metricName: metric.name,
    [`${prefix}Value`]: numbers.value ?? (prefix === 'target' ? '0' : undefined),
    selector: metric.selector,
    averageValue: numbers.averageValue,
  });
}

/** The type of a v2 target follows from which number it has. */
function numbersOf(source: Json, name: (typeof sources)[number], prefix: Prefix): Json {
  const utilization = source[`${prefix}AverageUtilization`];
  const averageValue = name === 'object' ? source.averageValue : source[`${prefix}AverageValue`];
  const value = source[`${prefix}Value`];
  const raw = averageValue !== undefined && value === '0' ? undefined : value;
  const numbers = present({ averageUtilization: utilization, averageValue, value: raw });
  if (prefix === 'current') return numbers;
  const type =
    utilization !== undefined ? 'Utilization' : averageValue !== undefined ? 'AverageValue' : 'Value';
  return { type, ...numbers };
}

function unflattenSource(source: Json, name: (typeof sources)[number], prefix: Prefix): Json {
  const numbers = { [prefix]: numbersOf(source, name, prefix) };
  if (name === 'resource' || name === 'containerResource')
    return present({ name: source.name, container: source.container, ...numbers });
  const selector = name === 'external' ? source.metricSelector : source.selector;
  const metric = present({ name: source.metricName, selector });
  return present({ describedObject: name === 'object' ? source.target : undefined, metric, ...numbers });
}

function convertMetrics(metrics: readonly Json[], prefix: Prefix, convert: typeof flattenSource): Json[] {
  return metrics.map((metric) => {
    const converted: Json = { type: metric.type };
    for (const name of sources)
      if (isRecord(metric[name])) converted[name] = convert(metric[name], name, prefix);
    return converted;
  });
}

function utilizationOf(metric: Json, prefix: Prefix): number | undefined {
  const resource = record(metric.resource);
  if (metric.type !== 'Resource' || resource.name !== 'cpu') return undefined;
  const utilization = record(resource[prefix]).averageUtilization;
  return typeof utilization === 'number' ? utilization : undefined;
}

const cpuMetric = (utilization: number): Json => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: utilization } },
});

/** The metric that an autoscaler has when it names none. */
export const defaultMetrics = (): Json[] => [cpuMetric(defaultCPUUtilization)];

/** Annotations come from users: what is no JSON is as if it were not there. */
function readAnnotation(annotations: Json, key: string): unknown {
  const text = Object.hasOwn(annotations, key) ? annotations[key] : undefined;
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** autoscaling/v1 as autoscaling/v2. */
export function toAutoscalerV2(object: AnyObject): AnyObject {
  const { targetCPUUtilizationPercentage: cpu, ...spec } = record(object.spec);
  const { currentCPUUtilizationPercentage: currentCpu, currentReplicas, ...status } = record(object.status);
  const annotations = record(object.metadata.annotations);
  const others = list(readAnnotation(annotations, metricsKey));
  const metrics = [
    ...(typeof cpu === 'number' ? [cpuMetric(cpu)] : []),
    ...convertMetrics(others, 'target', unflattenSource),
  ];
  const behavior = readAnnotation(annotations, behaviorKey);
  const current = list(readAnnotation(annotations, currentMetricsKey));
  const conditions = list(readAnnotation(annotations, conditionsKey));
  const fromField =
    typeof currentCpu === 'number'
      ? [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: currentCpu } } }]
      : undefined;
  const kept = Object.fromEntries(
    Object.entries(annotations).filter(
      ([key]) => ![metricsKey, currentMetricsKey, conditionsKey, behaviorKey].includes(key),
    ),
  );
  const { annotations: _, ...metadata } = object.metadata;
  return {
    ...object,
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata:
      Object.keys(kept).length > 0 ? { ...metadata, annotations: kept as Record<string, string> } : metadata,
    spec: present({
      ...spec,
      metrics: metrics.length > 0 ? metrics : defaultMetrics(),
      behavior: isRecord(behavior) ? behavior : undefined,
    }),
    status: present({
      ...status,
      currentReplicas: currentReplicas === 0 ? undefined : currentReplicas,
      currentMetrics: current.length > 0 ? convertMetrics(current, 'current', unflattenSource) : fromField,
      conditions: conditions.length > 0 ? conditions : undefined,
    }),
  };
}

/** autoscaling/v2 as autoscaling/v1. */
export function fromAutoscalerV2(object: AnyObject): AnyObject {
  const { metrics, behavior, ...spec } = record(object.spec);
  const { currentMetrics, conditions, ...status } = record(object.status);
  const first = list(metrics).find((metric) => utilizationOf(metric, 'target') !== undefined);
  const others = list(metrics).filter((metric) => metric !== first);
  const cpu = first === undefined ? undefined : utilizationOf(first, 'target');
  const current = list(currentMetrics);
  const currentCpu = current
    .map((metric) => utilizationOf(metric, 'current'))
    .find((each) => each !== undefined);
  const annotations: Record<string, string> = { ...object.metadata.annotations };
  const annotate = (key: string, value: unknown): void => {
    annotations[key] = JSON.stringify(value);
  };
  if (others.length > 0) annotate(metricsKey, convertMetrics(others, 'target', flattenSource));
  if (current.length > 0) annotate(currentMetricsKey, convertMetrics(current, 'current', flattenSource));
  if (list(conditions).length > 0) annotate(conditionsKey, conditions);
  if (isRecord(behavior)) annotate(behaviorKey, behavior);
  return {
    ...object,
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: Object.keys(annotations).length > 0 ? { ...object.metadata, annotations } : object.metadata,
    spec: present({ ...spec, targetCPUUtilizationPercentage: cpu }),
    status: present({ currentReplicas: 0, ...status, currentCPUUtilizationPercentage: currentCpu }),
  };
}
