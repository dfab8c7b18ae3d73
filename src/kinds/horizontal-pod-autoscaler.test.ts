import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerV2, MetricSpecV2 } from './generated/types.ts';
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts';
import { fromAutoscalerV2, toAutoscalerV2 } from './horizontal-pod-autoscaler-conversion.ts';
import { horizontalPodAutoscalerV1 } from './horizontal-pod-autoscaler-v1.ts';
import type { AnyObject } from './object.ts';
import { createErrors, defaulted, row } from './test-kit.ts';

const metadata = { name: 'web', namespace: 'default' };
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const autoscaler = (...metrics: MetricSpecV2[]): HorizontalPodAutoscalerV2 => ({
  metadata,
  spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 3, metrics },
});

const cpu: MetricSpecV2 = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
};
const memory: MetricSpecV2 = {
  type: 'ContainerResource',
  containerResource: {
    name: 'memory',
    container: 'web',
    target: { type: 'AverageValue', averageValue: '1Gi' },
  },
};
const pods: MetricSpecV2 = {
  type: 'Pods',
  pods: { metric: { name: 'requests' }, target: { type: 'AverageValue', averageValue: '10' } },
};
const ofObject: MetricSpecV2 = {
  type: 'Object',
  object: {
    describedObject: { kind: 'Ingress', name: 'main' },
    metric: { name: 'hits', selector: { matchLabels: { a: 'b' } } },
    target: { type: 'Value', value: '2k' },
  },
};
const external: MetricSpecV2 = {
  type: 'External',
  external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '30' } },
};

describe('autoscaling/v2', () => {
  test('scales by CPU unless said otherwise', () => {
    const object = defaulted<HorizontalPodAutoscalerV2>(horizontalPodAutoscaler, {
      metadata,
      spec: { scaleTargetRef, maxReplicas: 3, behavior: { scaleDown: { selectPolicy: 'Min' } } },
    });
    assert.deepEqual(object, {
      metadata,
      spec: {
        scaleTargetRef,
        minReplicas: 1,
        maxReplicas: 3,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
          },
        ],
        behavior: {
          scaleUp: {
            stabilizationWindowSeconds: 0,
            selectPolicy: 'Max',
            policies: [
              { type: 'Pods', value: 4, periodSeconds: 15 },
              { type: 'Percent', value: 100, periodSeconds: 15 },
            ],
          },
          scaleDown: { selectPolicy: 'Min', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
        },
      },
      status: { desiredReplicas: 0 },
    });
  });

  test('bounds and target make sense', () => {
    const spec = { scaleTargetRef: { kind: '', name: 'a/b' }, minReplicas: 0, maxReplicas: -1 };
    assert.deepEqual(createErrors(horizontalPodAutoscaler, { metadata, spec } as HorizontalPodAutoscalerV2), [
      'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
      'spec.maxReplicas: Invalid value: -1: must be greater than 0',
      'spec.maxReplicas: Invalid value: -1: must be greater than or equal to `minReplicas`',
      'spec.scaleTargetRef.kind: Required value',
      'spec.scaleTargetRef.name: Invalid value: "a/b": may not contain \'/\'',
    ]);
  });

  test('metrics have one source, and a number to reach', () => {
    assert.deepEqual(
      createErrors(horizontalPodAutoscaler, autoscaler(cpu, memory, pods, ofObject, external)),
      [],
    );
    const bad = [
      { type: 'Pods', resource: { name: '', target: { type: 'Utilization' } } },
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Odd', averageUtilization: 0, averageValue: '0' } },
      },
    ] as MetricSpecV2[];
    assert.deepEqual(createErrors(horizontalPodAutoscaler, autoscaler(...bad)), [
      'spec.metrics[0].resource.name: Required value: must specify a resource name',
      'spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization',
      'spec.metrics[0].pods: Required value: must populate information for the given metric source',
      'spec.metrics[1].resource.target.type: Invalid value: "Odd": must be either Utilization, Value, or AverageValue',
      'spec.metrics[1].resource.target.averageValue: Invalid value: "0": must be positive',
      'spec.metrics[1].resource.target.averageUtilization: Invalid value: 0: must be greater than 0',
      'spec.metrics[1].resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization',
    ]);
  });

  test('shows where it stands', () => {
    const object = autoscaler(cpu, ofObject, external);
    object.status = {
      currentReplicas: 2,
      desiredReplicas: 3,
      currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 70 } } }],
    };
    assert.deepEqual(row(horizontalPodAutoscaler, object), {
      Name: 'web',
      Reference: 'Deployment/web',
      Targets: 'cpu: 70%/50%, <unknown>/2k + 1 more...',
      MinPods: '1',
      MaxPods: 3,
      Replicas: 2,
      Age: '<unknown>',
    });
    assert.equal(row(horizontalPodAutoscaler, autoscaler(external)).Targets, '<unknown>/30 (avg)');
    assert.equal(
      row(horizontalPodAutoscaler, autoscaler(memory, pods)).Targets,
      'memory: <unknown>/1Gi, <unknown>/10',
    );
  });
});

describe('autoscaling/v1', () => {
  test('shows the CPU target in its field and the rest in annotations; nothing is lost', () => {
    const stored = {
      ...autoscaler(memory, cpu, pods, ofObject, external),
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      status: {
        desiredReplicas: 3,
        currentReplicas: 2,
        conditions: [{ type: 'AbleToScale', status: 'True' }],
        currentMetrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', current: { averageUtilization: 70, averageValue: '7m' } },
          },
          { type: 'Pods', pods: { metric: { name: 'requests' }, current: { averageValue: '9' } } },
        ],
      },
    } as unknown as AnyObject;
    const shown = fromAutoscalerV2(stored);
    const prefix = 'autoscaling.alpha.kubernetes.io/';
    assert.deepEqual(shown, {
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscaler',
      metadata: {
        ...metadata,
        annotations: {
          [`${prefix}metrics`]:
            '[{"type":"ContainerResource","containerResource":{"name":"memory","targetAverageValue":"1Gi","container":"web"}},{"type":"Pods","pods":{"metricName":"requests","targetAverageValue":"10"}},{"type":"Object","object":{"target":{"kind":"Ingress","name":"main"},"metricName":"hits","targetValue":"2k","selector":{"matchLabels":{"a":"b"}}}},{"type":"External","external":{"metricName":"queue","targetAverageValue":"30"}}]',
          [`${prefix}current-metrics`]:
            '[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":70,"currentAverageValue":"7m"}},{"type":"Pods","pods":{"metricName":"requests","currentAverageValue":"9"}}]',
          [`${prefix}conditions`]: '[{"type":"AbleToScale","status":"True"}]',
        },
      },
      spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 3, targetCPUUtilizationPercentage: 50 },
      status: { desiredReplicas: 3, currentReplicas: 2, currentCPUUtilizationPercentage: 70 },
    });
    const back = toAutoscalerV2(shown) as unknown as HorizontalPodAutoscalerV2;
    assert.deepEqual(back.spec, {
      ...(stored.spec as object),
      metrics: [cpu, memory, pods, ofObject, external],
    });
    assert.deepEqual(back.status, stored.status);
    assert.deepEqual(back.metadata, metadata);
  });

  test('annotations that are no JSON are left out', () => {
    const annotations = { 'autoscaling.alpha.kubernetes.io/metrics': '[{"type":', other: 'kept' };
    const object = { metadata: { ...metadata, annotations }, spec: { scaleTargetRef, maxReplicas: 2 } };
    const stored = toAutoscalerV2(object as unknown as AnyObject) as unknown as HorizontalPodAutoscalerV2;
    assert.deepEqual(stored.metadata.annotations, { other: 'kept' });
    assert.equal(stored.spec?.metrics?.[0]?.resource?.target.averageUtilization, 80);
  });

  test('is checked and shown like v2', () => {
    const object: HorizontalPodAutoscaler = {
      metadata,
      spec: { scaleTargetRef, maxReplicas: 0, targetCPUUtilizationPercentage: 60 },
    };
    assert.deepEqual(createErrors(horizontalPodAutoscalerV1, object), [
      'spec.maxReplicas: Invalid value: 0: must be greater than 0',
      'spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`',
    ]);
    assert.equal(row(horizontalPodAutoscalerV1, object).Targets, 'cpu: <unknown>/60%');
  });
});
