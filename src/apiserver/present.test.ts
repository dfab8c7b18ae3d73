import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configMap } from '../kinds/config-map.ts';
import { horizontalPodAutoscalerV1 } from '../kinds/horizontal-pod-autoscaler-v1.ts';
import { limitRange } from '../kinds/limit-range.ts';
import type { AnyObject } from '../kinds/object.ts';
import { pod } from '../kinds/pod.ts';
import { columnDefinitions, listOpening, present, table, tableRow } from './present.ts';

const now = Date.UTC(2026, 0, 1, 0, 5);
const object: AnyObject = {
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name: 'a', creationTimestamp: '2026-01-01T00:00:00Z' },
  data: { x: '1', y: '2' },
};
const options = { metaVersion: 'v1', now };

test('a row carries metadata, the object or nothing beside its cells', () => {
  const cells = ['a', 2, '5m'];
  assert.deepEqual(tableRow(configMap, object, { ...options, includeObject: 'None' }), { cells });
  assert.deepEqual(tableRow(configMap, object, { ...options, includeObject: 'Object' }), { cells, object });
  assert.deepEqual(tableRow(configMap, object, { ...options, includeObject: 'Metadata' }), {
    cells,
    object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
  });
});

test('a table in the version that was asked for', () => {
  const shown = table(configMap, {
    ...options,
    metaVersion: 'v1beta1',
    includeObject: 'None',
    metadata: { resourceVersion: '7' },
    rows: [],
  });
  assert.deepEqual(shown, {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1beta1',
    metadata: { resourceVersion: '7' },
    columnDefinitions: columnDefinitions(configMap),
    rows: [],
  });
});

test('columns have all five parts, as kubectl expects them', () => {
  const [name] = columnDefinitions(pod) as { name: string; description: string }[];
  assert.deepEqual(
    { ...name, description: typeof name?.description },
    {
      name: 'Name',
      type: 'string',
      format: 'name',
      description: 'string',
      priority: 0,
    },
  );
  const wide = (columnDefinitions(pod) as { name: string; priority: number }[]).filter(
    ({ priority }) => priority === 1,
  );
  assert.deepEqual(
    wide.map((column) => column.name),
    ['IP', 'Node', 'Nominated Node', 'Readiness Gates'],
  );
});

test('a kind without columns has name and age', () => {
  assert.deepEqual(
    (columnDefinitions({ ...limitRange, columns: undefined }) as { name: string }[]).map(({ name }) => name),
    ['Name', 'Age'],
  );
});

test('an object of another stored version is converted, others keep their very bytes', () => {
  const bytes = Buffer.from(JSON.stringify(object));
  assert.equal(present(configMap, bytes), bytes);
  const stored = {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v2',
    metadata: { name: 'a' },
    spec: {
      scaleTargetRef: { kind: 'Deployment', name: 'a' },
      maxReplicas: 3,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 55 } },
        },
      ],
    },
  };
  const shown = JSON.parse(
    Buffer.from(present(horizontalPodAutoscalerV1, Buffer.from(JSON.stringify(stored)))).toString(),
  );
  assert.deepEqual(
    [shown.apiVersion, shown.spec],
    [
      'autoscaling/v1',
      {
        scaleTargetRef: { kind: 'Deployment', name: 'a' },
        maxReplicas: 3,
        targetCPUUtilizationPercentage: 55,
      },
    ],
  );
});

test('the opening of a list is the list without its items', () => {
  const text = `${listOpening(configMap, { resourceVersion: '3' })}{}]}`;
  assert.deepEqual(JSON.parse(text), {
    kind: 'ConfigMapList',
    apiVersion: 'v1',
    metadata: { resourceVersion: '3' },
    items: [{}],
  });
});
