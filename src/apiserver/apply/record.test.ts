import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AnyObject } from '../../kinds/object.ts';
import { recordUpdate } from './record.ts';
import { deploymentKind, laterTime, podKind, serviceKind, someTime, stored, written } from './testing.ts';

const pod = {
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: {
    name: 'nginx',
    namespace: 'default',
    uid: 'b1c3',
    generation: 1,
    creationTimestamp: someTime,
    labels: { run: 'nginx' },
  },
  spec: {
    containers: [
      {
        name: 'nginx',
        image: 'nginx',
        imagePullPolicy: 'Always',
        ports: [
          { containerPort: 443, protocol: 'TCP' },
          { containerPort: 80, protocol: 'TCP' },
        ],
        resources: {},
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
    ],
    dnsPolicy: 'ClusterFirst',
    enableServiceLinks: true,
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
  },
  status: { phase: 'Pending', qosClass: 'BestEffort' },
};

/** As `kubectl run nginx --image=nginx --port=80` leaves it in a real cluster. */
const podFields = {
  'f:metadata': { 'f:labels': { '.': {}, 'f:run': {} } },
  'f:spec': {
    'f:containers': {
      'k:{"name":"nginx"}': {
        '.': {},
        'f:image': {},
        'f:imagePullPolicy': {},
        'f:name': {},
        'f:ports': {
          '.': {},
          'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} },
          'k:{"containerPort":443,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} },
        },
        'f:resources': {},
        'f:terminationMessagePath': {},
        'f:terminationMessagePolicy': {},
      },
    },
    'f:dnsPolicy': {},
    'f:enableServiceLinks': {},
    'f:restartPolicy': {},
    'f:schedulerName': {},
    'f:securityContext': {},
    'f:terminationGracePeriodSeconds': {},
  },
};

const podEntry = {
  manager: 'kubectl-run',
  operation: 'Update',
  apiVersion: 'v1',
  time: someTime,
  fieldsType: 'FieldsV1',
  fieldsV1: podFields,
};

/** Keys in their order too: that is how the bytes go out. */
function assertEntries(object: AnyObject, expected: object[] | undefined): void {
  assert.equal(JSON.stringify(object.metadata.managedFields, null, 1), JSON.stringify(expected, null, 1));
}

const owners = (object: AnyObject): string[] =>
  (object.metadata.managedFields ?? []).map((entry) => `${entry.manager} ${entry.subresource ?? ''}`.trim());

const fieldsOf = (object: AnyObject, manager: string): unknown =>
  object.metadata.managedFields?.find((entry) => entry.manager === manager)?.fieldsV1;

describe('ownership on create', () => {
  test('a pod', () => {
    assertEntries(written(podKind, undefined, pod, { manager: 'kubectl-run' }), [podEntry]);
  });

  test('a service: an atomic map has one owner, a list of its own is a member', () => {
    const service = {
      metadata: { name: 'web', annotations: { a: '1' } },
      spec: {
        type: 'ClusterIP',
        selector: { app: 'web' },
        sessionAffinity: 'None',
        internalTrafficPolicy: 'Cluster',
        ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }],
      },
    };
    const created = written(serviceKind, undefined, service, { manager: 'kubectl-create' });
    assert.deepEqual(fieldsOf(created, 'kubectl-create'), {
      'f:metadata': { 'f:annotations': { '.': {}, 'f:a': {} } },
      'f:spec': {
        'f:internalTrafficPolicy': {},
        'f:ports': {
          '.': {},
          'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {}, 'f:protocol': {}, 'f:targetPort': {} },
        },
        'f:selector': {},
        'f:sessionAffinity': {},
        'f:type': {},
      },
    });
  });

  test('a set', () => {
    const object = { metadata: { name: 'a', finalizers: ['b', 'a'] } };
    const created = written(podKind, undefined, object, { manager: 'm' });
    assert.deepEqual(fieldsOf(created, 'm'), {
      'f:metadata': { 'f:finalizers': { '.': {}, 'v:"a"': {}, 'v:"b"': {} } },
    });
  });

  test('labels of any name', () => {
    const labels = JSON.parse('{"__proto__":"a","constructor":"b",".":"c"}');
    const created = written(podKind, undefined, { metadata: { name: 'a', labels } }, { manager: 'm' });
    assert.deepEqual(fieldsOf(created, 'm'), {
      'f:metadata': { 'f:labels': { '.': {}, 'f:.': {}, 'f:__proto__': {}, 'f:constructor': {} } },
    });
  });

  test('without a manager', () => {
    assert.deepEqual(owners(written(podKind, undefined, pod, { manager: '' })), ['unknown']);
  });
});

describe('ownership on update', () => {
  const created = written(podKind, undefined, pod, { manager: 'kubectl-run' });
  const change = (path: (object: typeof pod & AnyObject) => void, from: AnyObject = created): AnyObject => {
    const copy = structuredClone(from) as typeof pod & AnyObject;
    path(copy);
    return copy;
  };

  test('nothing changed: the entries are the same', () => {
    const after = written(
      podKind,
      created,
      change(() => {}),
      { manager: 'other', time: laterTime },
    );
    assertEntries(after, [podEntry]);
  });

  test('what only the server writes is not owned', () => {
    const after = written(
      podKind,
      created,
      change((object) => {
        object.metadata.generation = 2;
      }),
      { manager: 'other', time: laterTime },
    );
    assertEntries(after, [podEntry]);
  });

  test('another manager takes what it changes', () => {
    const after = written(
      podKind,
      created,
      change((object) => {
        object.metadata.labels = { run: 'other', new: 'x' } as never;
      }),
      { manager: 'kubectl-label', time: laterTime },
    );
    assertEntries(after, [
      {
        ...podEntry,
        fieldsV1: { 'f:metadata': { 'f:labels': {} }, 'f:spec': podFields['f:spec'] },
      },
      {
        ...podEntry,
        manager: 'kubectl-label',
        time: laterTime,
        fieldsV1: { 'f:metadata': { 'f:labels': { 'f:new': {}, 'f:run': {} } } },
      },
    ]);
  });

  test('what is removed has no owner', () => {
    const after = written(
      podKind,
      created,
      change((object) => {
        delete (object.metadata as { labels?: unknown }).labels;
        object.spec.containers[0]?.ports.pop();
      }),
      { manager: 'other', time: laterTime },
    );
    assert.deepEqual(owners(after), ['kubectl-run']);
    const fields = fieldsOf(after, 'kubectl-run') as typeof podFields;
    assert.deepEqual(Object.keys(fields), ['f:spec']);
    assert.deepEqual(fields['f:spec']['f:containers']['k:{"name":"nginx"}']['f:ports'], {
      '.': {},
      'k:{"containerPort":443,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} },
    });
  });

  test('the same manager gains', () => {
    const after = written(
      podKind,
      created,
      change((object) => {
        (object.spec as Record<string, unknown>).nodeName = 'n1';
      }),
      { manager: 'kubectl-run', time: laterTime },
    );
    assertEntries(after, [
      {
        ...podEntry,
        time: laterTime,
        fieldsV1: {
          ...podFields,
          'f:spec': Object.fromEntries(
            Object.entries({ ...podFields['f:spec'], 'f:nodeName': {} }).sort(([a], [b]) => (a < b ? -1 : 1)),
          ),
        },
      },
    ]);
  });

  test('status through /status', () => {
    const after = written(
      podKind,
      created,
      change((object) => {
        Object.assign(object.status, {
          phase: 'Running',
          conditions: [{ type: 'Ready', status: 'True' }],
        });
      }),
      { manager: 'kubelet', subresource: 'status', time: laterTime },
    );
    assertEntries(after, [
      podEntry,
      {
        ...podEntry,
        manager: 'kubelet',
        time: laterTime,
        fieldsV1: {
          'f:status': {
            'f:conditions': {
              '.': {},
              'k:{"type":"Ready"}': {
                '.': {},
                'f:lastProbeTime': {},
                'f:lastTransitionTime': {},
                'f:status': {},
                'f:type': {},
              },
            },
            'f:phase': {},
          },
        },
        subresource: 'status',
      },
    ]);
  });

  test('replicas through /scale', () => {
    const deployment = { metadata: { name: 'web' }, spec: { replicas: 1 } };
    const before = written(deploymentKind, undefined, deployment, { manager: 'a' });
    const scaled = { ...structuredClone(before), spec: { replicas: 2 } };
    const after = written(deploymentKind, before, scaled, {
      manager: 'a',
      subresource: 'scale',
      time: laterTime,
    });
    assert.deepEqual(owners(after), ['a scale']);
    assert.deepEqual(fieldsOf(after, 'a'), { 'f:spec': { 'f:replicas': {} } });
  });
});

describe('the cost', () => {
  test('ten thousand keys of one update do not hold the event loop', () => {
    const labels = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`k${index}`, 'v']));
    const after = stored(podKind, { metadata: { name: 'a', labels } });
    const start = performance.now();
    recordUpdate({ before: undefined, after, manager: 'm', subresource: '', kind: podKind, time: someTime });
    assert.ok(performance.now() - start < 500);
  });
});
