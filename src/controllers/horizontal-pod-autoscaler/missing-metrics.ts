/**
 * What there is to say of each metric as long as the cluster serves no metrics API: every one fails, and how it fails is
 * told as upstream tells it. Source of wording: pkg/controller/podautoscaler of Kubernetes (horizontal.go,
 * replica_calculator.go, metrics/client.go).
 */
import type { MetricSpecV2 } from '../../kinds/generated/types.ts';
import { goSelectorText } from '../go-selector-text.ts';

export interface MetricFailure {
  /** Of the Event and of the condition ScalingActive. */
  readonly reason: string;
  readonly message: string;
  /** The same as the failure of the whole computation. */
  readonly summary: string;
}

const noResource = (what: string): string => `the server could not find the requested resource (get ${what})`;

const noResourceMetrics = `unable to fetch metrics from resource metrics API: ${noResource('pods.metrics.k8s.io')}`;
const noCustomMetrics =
  'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered';

function resourceMessage(name: string, byValue: boolean): string {
  const what = byValue ? 'usage' : 'utilization';
  return `failed to get ${name} ${what}: unable to get metrics for resource ${name}: ${noResourceMetrics}`;
}

function ofResource({ resource }: MetricSpecV2): MetricFailure {
  const { name = '', target } = resource ?? {};
  const message = resourceMessage(name, target?.averageValue !== undefined);
  const summary = `failed to get ${name} resource metric value: ${message}`;
  return { reason: 'FailedGetResourceMetric', message, summary };
}

function ofContainerResource({ containerResource }: MetricSpecV2): MetricFailure {
  const { name = '', container = '', target } = containerResource ?? {};
  const message = resourceMessage(name, target?.averageValue !== undefined);
  const summary = `failed to get ${container} container metric value: ${message}`;
  return { reason: 'FailedGetContainerResourceMetric', message, summary };
}

function ofPods({ pods }: MetricSpecV2): MetricFailure {
  const message = `unable to get metric ${pods?.metric.name}: ${noCustomMetrics}`;
  return { reason: 'FailedGetPodsMetric', message, summary: `failed to get pods metric value: ${message}` };
}

/** The order of its words is upstream's. */
function ofObject({ object }: MetricSpecV2, namespace: string): MetricFailure {
  const { kind, name } = object?.describedObject ?? {};
  const metric = object?.metric.name;
  const message = `unable to get metric ${metric}: ${kind} on ${namespace} ${name}/${noCustomMetrics}`;
  const inner =
    object?.target.type === 'AverageValue' ? `failed to get ${metric} object metric: ${message}` : message;
  return { reason: 'FailedGetObjectMetric', message, summary: `failed to get object metric value: ${inner}` };
}

function ofExternal({ external }: MetricSpecV2, namespace: string): MetricFailure {
  const { name = '', selector } = external?.metric ?? {};
  const cause = `unable to fetch metrics from external metrics API: ${noResource(`${name}.external.metrics.k8s.io`)}`;
  const message = `unable to get external metric ${namespace}/${name}/${goSelectorText(selector)}: ${cause}`;
  const inner =
    external?.target.averageValue !== undefined
      ? `failed to get ${name} external metric: ${message}`
      : `failed to get external metric ${name}: ${message}`;
  const summary = `failed to get ${name} external metric value: ${inner}`;
  return { reason: 'FailedGetExternalMetric', message, summary };
}

export function metricFailure(metric: MetricSpecV2, namespace: string): MetricFailure {
  switch (metric.type) {
    case 'Resource':
      return ofResource(metric);
    case 'ContainerResource':
      return ofContainerResource(metric);
    case 'Pods':
      return ofPods(metric);
    case 'Object':
      return ofObject(metric, namespace);
    case 'External':
      return ofExternal(metric, namespace);
    default: {
      const message = `unknown metric source type ${JSON.stringify(metric.type)}`;
      return { reason: 'InvalidMetricSourceType', message, summary: message };
    }
  }
}
