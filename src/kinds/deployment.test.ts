import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployment } from './deployment.ts';
import type { Deployment, DeploymentSpec, PodTemplateSpec } from './generated/types.ts';
import { createErrors, row, statusErrors, updateErrors } from './test-kit.ts';

const template: PodTemplateSpec = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: 'nginx:1' }] },
};
const withSpec = (spec: Partial<DeploymentSpec>, status?: Deployment['status']): Deployment => ({
  metadata: { name: 'web' },
  spec: { selector: { matchLabels: { app: 'web' } }, template, ...spec },
  status,
});
const noSelector = undefined as never;

const cases: Record<string, [Deployment, string[]]> = {
  'a good one': [withSpec({}), []],
  'no selector': [
    withSpec({ selector: noSelector }),
    [
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ],
  ],
  'an empty selector': [
    withSpec({ selector: {} }),
    ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
  ],
  'a selector of other pods': [
    withSpec({ selector: { matchLabels: { app: 'x' } } }),
    [
      'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ],
  ],
  'no containers': [
    withSpec({ template: { metadata: { labels: { app: 'web' } } } }),
    ['spec.template.spec.containers: Required value'],
  ],
  'less than nothing': [
    withSpec({ replicas: -1, minReadySeconds: -1, revisionHistoryLimit: -1 }),
    [
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      'spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0',
      'spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0',
    ],
  ],
  'no time for progress': [
    withSpec({ progressDeadlineSeconds: 5, minReadySeconds: 5 }),
    ['spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds'],
  ],
  'pods that end': [
    withSpec({
      template: {
        ...template,
        spec: { ...template.spec!, restartPolicy: 'Never', activeDeadlineSeconds: 5 },
      },
    }),
    [
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported',
    ],
  ],
  'neither more nor fewer': [
    withSpec({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } }),
    ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
  ],
  'shares that are none': [
    withSpec({ strategy: { rollingUpdate: { maxSurge: -1, maxUnavailable: '150%' } } }),
    [
      'spec.strategy.rollingUpdate.maxSurge: Invalid value: -1: must be greater than or equal to 0',
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "150%": must not be greater than 100%',
    ],
  ],
  'a share without its sign': [
    withSpec({ strategy: { rollingUpdate: { maxSurge: '1' } } }),
    [
      "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"1\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    ],
  ],
  'a rolling update that is none': [
    withSpec({ strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } }),
    ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
  ],
  'a strategy that does not exist': [
    withSpec({ strategy: { type: 'Hope' } }),
    ['spec.strategy: Unsupported value: {"type":"Hope"}: supported values: "Recreate", "RollingUpdate"'],
  ],
  'ephemeral containers in the template': [
    withSpec({
      template: {
        ...template,
        spec: { ...template.spec!, ephemeralContainers: [{ name: 'debug', image: 'x:1' }] },
      },
    }),
    ['spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod template'],
  ],
};

test('what is wrong with a deployment', () => {
  for (const [name, [object, expected]] of Object.entries(cases))
    assert.deepEqual(createErrors(deployment, object), expected, name);
});

test('the selector stays', () => {
  const other = { matchLabels: { app: 'x' } };
  const now = withSpec({ selector: other, template: { ...template, metadata: { labels: { app: 'x' } } } });
  assert.deepEqual(updateErrors(deployment, now, withSpec({})), [
    'spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: field is immutable',
  ]);
  assert.deepEqual(updateErrors(deployment, withSpec({ replicas: 5 }), withSpec({})), []);
});

test('a status that cannot be', () => {
  assert.deepEqual(
    statusErrors(
      deployment,
      withSpec({}, { replicas: 1, readyReplicas: 2, availableReplicas: 3, unavailableReplicas: -1 }),
      withSpec({}, { collisionCount: 1 }),
    ),
    [
      'status.unavailableReplicas: Invalid value: -1: must be greater than or equal to 0',
      'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas',
      'status.collisionCount: Invalid value: 0: cannot be decremented',
    ],
  );
});

test('a row of `kubectl get deployments -o wide`', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  const object = withSpec(
    { replicas: 3 },
    { replicas: 3, updatedReplicas: 2, readyReplicas: 1, availableReplicas: 1 },
  );
  object.metadata.creationTimestamp = '2026-11-21T11:58:00Z';
  assert.deepEqual(row(deployment, object, now), {
    Name: 'web',
    Ready: '1/3',
    'Up-to-date': 2,
    Available: 1,
    Age: '2m',
    Containers: 'web',
    Images: 'nginx:1',
    Selector: 'app=web',
  });
});

test('a change of annotations is a new generation', () => {
  const generation = (annotations?: Record<string, string>): number | undefined => {
    const now: Deployment = { ...withSpec({}), metadata: { name: 'web', generation: 3, annotations } };
    deployment.prepareUpdate?.(now, {
      ...withSpec({}),
      metadata: { name: 'web', generation: 3 },
    } as Deployment);
    return now.metadata.generation;
  };
  assert.deepEqual([generation(), generation({}), generation({ a: 'b' })], [3, 3, 4]);
});

test('scale', () => {
  const object = withSpec({ replicas: 3 }, { replicas: 2 });
  const scale = deployment.scale!;
  assert.deepEqual(
    [scale.replicas(object), scale.current(object), scale.selector(object)],
    [3, 2, 'app=web'],
  );
  scale.setReplicas(object, 5);
  assert.equal(object.spec?.replicas, 5);
});

test('warnings', () => {
  const object = withSpec({
    template: {
      metadata: {
        labels: { app: 'web' },
        annotations: { 'container.apparmor.security.beta.kubernetes.io/web': 'x' },
      },
      spec: { containers: [{ name: 'web', image: 'nginx:1' }], terminationGracePeriodSeconds: -1 },
    },
  });
  object.metadata.name = 'web.v1';
  const grace =
    'spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1';
  const appArmor =
    'spec.template.metadata.annotations[container.apparmor.security.beta.kubernetes.io/web]: deprecated since v1.30; use the "appArmorProfile" field instead';
  assert.deepEqual(deployment.warnings?.(object), [
    'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]',
    appArmor,
    grace,
  ]);
  assert.deepEqual(deployment.warnings?.(object, withSpec({})), [appArmor, grace]);
  assert.deepEqual(deployment.warnings?.(object, object), []);
});
