import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MetricSpecV2 } from '../../kinds/generated/types.ts';
import { metricFailure } from './missing-metrics.ts';

const resourceApi =
  'unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)';
const customApi =
  'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered';

describe('how each metric fails', () => {
  const cases: { name: string; metric: MetricSpecV2; reason: string; message: string; summary: string }[] = [
    {
      name: 'utilization of a resource',
      metric: {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
      },
      reason: 'FailedGetResourceMetric',
      message: `failed to get cpu utilization: unable to get metrics for resource cpu: ${resourceApi}`,
      summary: `failed to get cpu resource metric value: failed to get cpu utilization: unable to get metrics for resource cpu: ${resourceApi}`,
    },
    {
      name: 'an amount of a resource in one container',
      metric: {
        type: 'ContainerResource',
        containerResource: {
          name: 'memory',
          container: 'app',
          target: { type: 'AverageValue', averageValue: '1Gi' },
        },
      },
      reason: 'FailedGetContainerResourceMetric',
      message: `failed to get memory usage: unable to get metrics for resource memory: ${resourceApi}`,
      summary: `failed to get app container metric value: failed to get memory usage: unable to get metrics for resource memory: ${resourceApi}`,
    },
    {
      name: 'a metric of the pods',
      metric: {
        type: 'Pods',
        pods: { metric: { name: 'requests' }, target: { type: 'AverageValue', averageValue: '10' } },
      },
      reason: 'FailedGetPodsMetric',
      message: `unable to get metric requests: ${customApi}`,
      summary: `failed to get pods metric value: unable to get metric requests: ${customApi}`,
    },
    {
      name: 'a metric of an object',
      metric: {
        type: 'Object',
        object: {
          metric: { name: 'requests' },
          describedObject: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'main' },
          target: { type: 'Value', value: '10' },
        },
      },
      reason: 'FailedGetObjectMetric',
      message: `unable to get metric requests: Ingress on default main/${customApi}`,
      summary: `failed to get object metric value: unable to get metric requests: Ingress on default main/${customApi}`,
    },
    {
      name: 'a metric from outside',
      metric: {
        type: 'External',
        external: {
          metric: {
            name: 'queue',
            selector: {
              matchLabels: { b: '2', a: '1' },
              matchExpressions: [{ key: 'c', operator: 'In', values: ['x', 'y'] }],
            },
          },
          target: { type: 'AverageValue', averageValue: '10' },
        },
      },
      reason: 'FailedGetExternalMetric',
      message:
        'unable to get external metric default/queue/&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:c,Operator:In,Values:[x y],},},}: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)',
      summary:
        'failed to get queue external metric value: failed to get queue external metric: unable to get external metric default/queue/&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:c,Operator:In,Values:[x y],},},}: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)',
    },
  ];
  for (const { name, metric, ...failure } of cases)
    test(name, () => assert.deepEqual(metricFailure(metric, 'default'), failure));
});
