import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controllerRevision } from './controller-revision.ts';
import { daemonSet } from './daemon-set.ts';
import { path } from './field.ts';
import type {
  ControllerRevision,
  DaemonSet,
  DaemonSetSpec,
  PodTemplate,
  PodTemplateSpec,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
  StatefulSetSpec,
} from './generated/types.ts';
import { podTemplate } from './pod-template.ts';
import { replicaSet } from './replica-set.ts';
import { replicationController } from './replication-controller.ts';
import { statefulSet } from './stateful-set.ts';
import { created, createErrors, defaulted, row, statusErrors, updateErrors } from './test-kit.ts';
import { isZeroOrPercent, validateAtMost100Percent, validateIntOrPercent } from './workload.ts';

const now = Date.parse('2026-11-21T12:00:00Z');
const creationTimestamp = '2026-11-21T11:00:00Z';
const template: PodTemplateSpec = {
  metadata: { labels: { app: 'web' } },
  spec: {
    containers: [
      { name: 'web', image: 'nginx:1' },
      { name: 'log', image: 'log:2' },
    ],
  },
};
const selector = { matchLabels: { app: 'web' } };
const noMatch =
  'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`';
const never = { ...template, spec: { ...template.spec!, restartPolicy: 'Never' } };

test('a number or a share', () => {
  const at = path('x');
  const problems = (value: number | string) =>
    [...validateIntOrPercent(value, at), ...validateAtMost100Percent(value, at)].length;
  assert.deepEqual([0, 5, -1, '0%', '100%', '101%', '5', '%'].map(problems), [0, 0, 1, 0, 0, 1, 1, 1]);
  assert.deepEqual([0, 5, undefined, '0%', '00%', '10%', '0', '7', 'x'].map(isZeroOrPercent), [
    true,
    false,
    true,
    true,
    true,
    false,
    true,
    false,
    true,
  ]);
});

test('replica sets', () => {
  const object: ReplicaSet = { metadata: { name: 'web', creationTimestamp }, spec: { selector, template } };
  assert.deepEqual(createErrors(replicaSet, object), []);
  assert.deepEqual(
    createErrors(replicaSet, {
      ...object,
      spec: { selector: {}, replicas: -1, template: never },
    } as ReplicaSet),
    [
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      'spec.selector: Invalid value: {}: empty selector is invalid for deployment',
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ],
  );
  assert.deepEqual(
    updateErrors(
      replicaSet,
      { ...object, spec: { selector: { matchLabels: { app: 'x' } }, template } } as ReplicaSet,
      object,
    ),
    [noMatch, 'spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: field is immutable'],
  );
  assert.deepEqual(
    statusErrors(
      replicaSet,
      { ...object, status: { replicas: 1, fullyLabeledReplicas: 2 } } as ReplicaSet,
      object,
    ),
    ['status.fullyLabeledReplicas: Invalid value: 2: cannot be greater than status.replicas'],
  );
  assert.deepEqual(
    row(replicaSet, { ...object, status: { replicas: 3, readyReplicas: 2 } } as ReplicaSet, now),
    {
      Name: 'web',
      Desired: 1,
      Current: 3,
      Ready: 2,
      Age: '60m',
      Containers: 'web,log',
      Images: 'nginx:1,log:2',
      Selector: 'app=web',
    },
  );
});

test('replication controllers', () => {
  const object: ReplicationController = { metadata: { name: 'web', creationTimestamp }, spec: { template } };
  const stored = defaulted(replicationController, object);
  assert.deepEqual(
    [stored.metadata.labels, stored.spec?.selector, stored.spec?.replicas, stored.status],
    [{ app: 'web' }, { app: 'web' }, 1, { replicas: 0 }],
  );
  assert.deepEqual(createErrors(replicationController, object), []);
  assert.deepEqual(createErrors(replicationController, { metadata: {}, spec: {} } as ReplicationController), [
    'spec.selector: Required value',
    'spec.template: Required value',
  ]);
  assert.deepEqual(
    createErrors(replicationController, {
      ...object,
      spec: { selector: { app: 'x' }, template: never },
    } as ReplicationController),
    [noMatch, 'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
  );
  assert.equal(replicationController.scale?.selector(stored), 'app=web');
  assert.equal(replicationController.defaultPropagation, 'Orphan');
  assert.equal(row(replicationController, object, now).Selector, 'app=web');
});

const daemon = (spec: Partial<DaemonSetSpec>): DaemonSet => ({
  metadata: { name: 'web', creationTimestamp },
  spec: { selector, template, ...spec },
});
const rolling = (rollingUpdate: object) => daemon({ updateStrategy: { rollingUpdate } });

const daemonCases: Record<string, [DaemonSet, string[]]> = {
  'a good one': [daemon({}), []],
  'no selector': [daemon({ selector: undefined as never }), [noMatch]],
  'an empty selector': [
    daemon({ selector: {} }),
    ['spec.selector: Invalid value: {}: empty selector is invalid for daemonset'],
  ],
  'more and fewer': [
    rolling({ maxSurge: 1 }),
    [
      'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero',
    ],
  ],
  'neither more nor fewer': [
    rolling({ maxUnavailable: 0 }),
    ['spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0'],
  ],
  'more only': [rolling({ maxUnavailable: 0, maxSurge: '10%' }), []],
  'a strategy that does not exist': [
    daemon({ updateStrategy: { type: 'Hope' } }),
    [
      'spec.updateStrategy: Unsupported value: {"type":"Hope"}: supported values: "RollingUpdate", "OnDelete"',
    ],
  ],
  'pods that end': [
    daemon({ template: { ...never, spec: { ...never.spec, activeDeadlineSeconds: 1 } } }),
    [
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported',
    ],
  ],
};

test('daemon sets', () => {
  for (const [name, [object, expected]] of Object.entries(daemonCases))
    assert.deepEqual(createErrors(daemonSet, object), expected, name);
  const stored = created(daemonSet, daemon({}));
  assert.deepEqual(
    [
      stored.spec?.updateStrategy,
      stored.spec?.revisionHistoryLimit,
      stored.metadata.annotations,
      stored.status,
    ],
    [
      { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      10,
      { 'deprecated.daemonset.template.generation': '1' },
      { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 },
    ],
  );
  const changed = defaulted(
    daemonSet,
    daemon({ template: { ...template, spec: { containers: [{ name: 'web' }] } } }),
  );
  daemonSet.prepareUpdate?.(changed, stored);
  assert.equal(changed.metadata.annotations?.['deprecated.daemonset.template.generation'], '2');
  const same = defaulted(daemonSet, daemon({ minReadySeconds: 5, template: changed.spec!.template }));
  daemonSet.prepareUpdate?.(same, changed);
  assert.equal(same.metadata.annotations?.['deprecated.daemonset.template.generation'], '2');
  const again = daemon({});
  again.metadata.annotations = { 'deprecated.daemonset.template.generation': '7' };
  assert.deepEqual(created(daemonSet, again).metadata.annotations, again.metadata.annotations);
  const status = { ...stored.status!, desiredNumberScheduled: 2, numberReady: 1, updatedNumberScheduled: 2 };
  assert.deepEqual(row(daemonSet, { ...stored, status } as DaemonSet, now), {
    Name: 'web',
    Desired: 2,
    Current: 0,
    Ready: 1,
    'Up-to-date': 2,
    Available: 0,
    'Node Selector': '<none>',
    Age: '60m',
    Containers: 'web,log',
    Images: 'nginx:1,log:2',
    Selector: 'app=web',
  });
});

const stateful = (spec: Partial<StatefulSetSpec>): StatefulSet => ({
  metadata: { name: 'web', creationTimestamp },
  spec: { serviceName: 'web', selector, template, ...spec },
});
const claim = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } },
};
const mounting = {
  ...template,
  spec: {
    containers: [{ name: 'web', image: 'nginx:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
  },
};

const statefulCases: Record<string, [StatefulSet, string[]]> = {
  'a good one': [stateful({}), []],
  'a claim that is mounted': [stateful({ template: mounting, volumeClaimTemplates: [claim] }), []],
  'a mount without a claim': [
    stateful({ template: mounting }),
    ['spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"'],
  ],
  'a claim that asks for nothing': [
    stateful({
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }],
    }),
    ['spec.volumeClaimTemplates[0].spec.resources[storage]: Required value'],
  ],
  choices: [
    stateful({
      podManagementPolicy: 'Chaos',
      updateStrategy: { type: 'Hope' },
      persistentVolumeClaimRetentionPolicy: { whenScaled: 'Sell' },
    }),
    [
      "spec.podManagementPolicy: Invalid value: \"Chaos\": must be 'OrderedReady' or 'Parallel'",
      'spec.updateStrategy: Invalid value: {"type":"Hope"}: must be \'RollingUpdate\' or \'OnDelete\'',
      'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Sell": supported values: "Retain", "Delete"',
    ],
  ],
  numbers: [
    stateful({
      replicas: -1,
      ordinals: { start: -1 },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: -1, maxUnavailable: 0 } },
    }),
    [
      'spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0',
      'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0',
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      'spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0',
    ],
  ],
  'a rolling update that is none': [
    stateful({ updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } } }),
    [
      'spec.updateStrategy.rollingUpdate: Invalid value: {"partition":1}: only allowed for updateStrategy \'RollingUpdate\'',
    ],
  ],
  'an empty selector': [
    stateful({ selector: {} }),
    ['spec.selector: Invalid value: {}: empty selector is invalid for statefulset'],
  ],
};

test('stateful sets', () => {
  for (const [name, [object, expected]] of Object.entries(statefulCases))
    assert.deepEqual(createErrors(statefulSet, object), expected, name);
  const stored = defaulted(statefulSet, stateful({ volumeClaimTemplates: [claim] }));
  const { template: _, ...spec } = stored.spec!;
  assert.deepEqual(spec, {
    serviceName: 'web',
    selector,
    replicas: 1,
    podManagementPolicy: 'OrderedReady',
    revisionHistoryLimit: 10,
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    volumeClaimTemplates: [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data' },
        spec: {
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: '1Gi' } },
          volumeMode: 'Filesystem',
        },
        status: { phase: 'Pending' },
      },
    ],
  });
  assert.deepEqual(created(statefulSet, stored).status, { replicas: 0, availableReplicas: 0 });
  assert.deepEqual(statefulSet.validateName?.('web.1', false), ['must not contain dots']);
  assert.deepEqual(statefulSet.validateName?.('web-', true), []);
  assert.equal(
    row(statefulSet, { ...stored, status: { replicas: 1, readyReplicas: 1 } } as StatefulSet).Ready,
    '1/1',
  );
});

test('what may change in a stateful set', () => {
  const old = stateful({});
  assert.deepEqual(
    updateErrors(
      statefulSet,
      stateful({ replicas: 5, minReadySeconds: 1, revisionHistoryLimit: 1, ordinals: { start: 1 } }),
      old,
    ),
    [],
  );
  assert.deepEqual(updateErrors(statefulSet, stateful({ serviceName: 'other' }), old), [
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
  ]);
  assert.deepEqual(
    statusErrors(
      statefulSet,
      { ...old, status: { replicas: 1, currentReplicas: 2, availableReplicas: 1 } } as StatefulSet,
      old,
    ),
    [
      'status.currentReplicas: Invalid value: 2: cannot be greater than status.replicas',
      'status.availableReplicas: Invalid value: 1: cannot be greater than status.readyReplicas',
    ],
  );
});

test('controller revisions', () => {
  const object: ControllerRevision = {
    metadata: {
      name: 'web-1',
      creationTimestamp,
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', uid: 'u', controller: true },
      ],
    },
    revision: 3,
    data: { spec: {} },
  };
  assert.deepEqual(createErrors(controllerRevision, object), []);
  assert.deepEqual(createErrors(controllerRevision, { metadata: {}, revision: -1 } as ControllerRevision), [
    'data: Required value: data is mandatory',
    'revision: Invalid value: -1: must be greater than or equal to 0',
  ]);
  assert.deepEqual(
    updateErrors(controllerRevision, { ...object, data: { x: 1 } } as ControllerRevision, object),
    ['data: Invalid value: {"x":1}: field is immutable'],
  );
  assert.deepEqual(row(controllerRevision, object, now), {
    Name: 'web-1',
    Controller: 'statefulset.apps/web',
    Revision: 3,
    Age: '60m',
  });
});

test('pod templates', () => {
  const object: PodTemplate = { metadata: { name: 'web' }, template };
  assert.deepEqual(createErrors(podTemplate, object), []);
  assert.deepEqual(createErrors(podTemplate, { metadata: { name: 'web' } } as PodTemplate), [
    'template.spec.containers: Required value',
  ]);
  assert.deepEqual(row(podTemplate, object), {
    Name: 'web',
    Containers: 'web,log',
    Images: 'nginx:1,log:2',
    'Pod Labels': 'app=web',
  });
});
