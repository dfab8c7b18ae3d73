/**
 * Nobody owns what a write through its resource cannot change: an applier of the object and one of its status do not get
 * into each other's way, and each meets whoever does the same.
 * Source: test/integration/apiserver/apply/{reset_fields_test,status_test}.go.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { applyPatch } from '../../../src/apiserver/rest/testing.ts';
import { startTestServer, type TestServer } from '../../../src/apiserver/test-server.ts';
import type { Kind } from '../../../src/kinds/kind.ts';
import { apiVersionOf } from '../../../src/kinds/object.ts';
import { kinds as allKinds } from '../../../src/kinds/registry.ts';

interface Differences {
  /** What the first applier says, and the second one. */
  readonly objects: readonly [object, object];
  /** The first one's status, and the second one's. */
  readonly statuses: readonly [object, object];
}

const condition = (status: string, more: object = {}) => ({
  conditions: [{ type: 'MyStatus', status, ...more }],
});
const conditions = [condition('True'), condition('False')] as const;
const at = { lastTransitionTime: '2020-01-01T00:00:00Z', reason: 'RuleApplied', message: 'Rule was applied' };
const standard = [condition('True', at), condition('False', at)] as const;
const labels = [{}, { metadata: { labels: { a: 'c' } } }] as const;
const ready = [{ spec: { minReadySeconds: 5 } }, { spec: { minReadySeconds: 7 } }] as const;
const ingress = (ip: string) => ({ loadBalancer: { ingress: [{ ip }] } });

const kinds: Record<string, Differences> = {
  Deployment: { objects: [ready[0], { ...labels[1], ...ready[1] }], statuses: conditions },
  DaemonSet: { objects: ready, statuses: conditions },
  ReplicaSet: { objects: ready, statuses: conditions },
  StatefulSet: { objects: ready, statuses: conditions },
  ReplicationController: { objects: ready, statuses: conditions },
  CronJob: {
    objects: [{ spec: { schedule: '5 * * * *' } }, { spec: { schedule: '7 * * * *' } }],
    statuses: [{ lastScheduleTime: '2020-01-01T00:00:00Z' }, { lastScheduleTime: '2021-01-01T00:00:00Z' }],
  },
  Pod: {
    objects: [
      { spec: { activeDeadlineSeconds: 7 } },
      { metadata: { ownerReferences: [] }, spec: { activeDeadlineSeconds: 5 } },
    ],
    statuses: conditions,
  },
  Node: {
    objects: [{ spec: { unschedulable: true } }, { spec: { unschedulable: false } }],
    statuses: conditions,
  },
  ResourceQuota: {
    objects: [{ spec: { hard: { cpu: '5M' } } }, { spec: { hard: { cpu: '25M' } } }],
    statuses: [{ used: { cpu: '5M' } }, { used: { cpu: '25M' } }],
  },
  PersistentVolume: {
    objects: [{ spec: { capacity: { storage: '2M' } } }, { spec: { capacity: { storage: '23M' } } }],
    statuses: [{ message: 'hello' }, { message: 'hello2' }],
  },
  Ingress: {
    objects: [{ spec: { ingressClassName: 'one' } }, { spec: { ingressClassName: 'other' } }],
    statuses: [ingress('127.0.0.1'), ingress('127.0.0.2')],
  },
  PodDisruptionBudget: {
    objects: [{}, { spec: { selector: { matchLabels: { other: 'value' } } } }],
    statuses: [{ currentHealthy: 5 }, { currentHealthy: 25 }],
  },
  HorizontalPodAutoscaler: {
    objects: [{ spec: { maxReplicas: 3 } }, { spec: { maxReplicas: 23 } }],
    statuses: [{ currentReplicas: 5 }, { currentReplicas: 25 }],
  },
  FlowSchema: { objects: labels, statuses: conditions },
  PriorityLevelConfiguration: { objects: labels, statuses: conditions },
  CustomResourceDefinition: { objects: labels, statuses: conditions },
  APIService: { objects: labels, statuses: conditions },
  ValidatingAdmissionPolicy: { objects: labels, statuses: standard },
  VolumeAttachment: { objects: labels, statuses: [{ attached: true }, { attached: false }] },
};

type Json = Record<string, unknown>;

/** As a merge patch does it, lists being replaced. */
function merged(object: Json, change: Json): Json {
  const result = { ...object };
  for (const [key, value] of Object.entries(change)) {
    const own = result[key];
    const both = [own, value].every(
      (each) => typeof each === 'object' && each !== null && !Array.isArray(each),
    );
    result[key] = both ? merged(own as Json, value as Json) : value;
  }
  return result;
}

function collectionOf({ group, version, plural, scope }: Kind): string {
  const root = group === '' ? '/api' : `/apis/${group}`;
  return `${root}/${version}/${scope === 'Cluster' ? '' : 'namespaces/default/'}${plural}`;
}

const starting = {
  metadata: {
    labels: { a: 'b' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: 'uid' }],
  },
};

describe('an object and its status are applied apart', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  for (const kind of allKinds) {
    const differences = kinds[kind.kind];
    if (differences === undefined || kind.group === 'resource.k8s.io') continue;
    test(`${kind.group}/${kind.version} ${kind.kind}`, async () => {
      const name = `applied-${kind.version}`;
      const apply = async (subresource: string, manager: string, body: Json) => {
        const url = `${collectionOf(kind)}/${exampleName}${subresource}?fieldManager=${manager}`;
        return server.call('PATCH', url, { body, headers: applyPatch });
      };
      const example = structuredClone(kind.example) as unknown as Json;
      const { metadata, status: _status, ...rest } = example;
      const named = (metadata as { name?: string } | undefined)?.name;
      const exampleName =
        kind.plural.startsWith('custom') || kind.plural === 'apiservices' ? (named ?? name) : name;
      const first = merged(
        {
          ...rest,
          apiVersion: apiVersionOf(kind.group, kind.version),
          kind: kind.kind,
          metadata: { name: exampleName },
        },
        { ...merged(starting, differences.objects[0] as Json), status: differences.statuses[0] },
      );
      const second = merged(first, { ...differences.objects[1], status: differences.statuses[1] });

      const made = await apply('', 'one', first);
      assert.equal(made.status, 201, made.text.slice(0, 400));
      const status = await apply('/status', 'two', second);
      assert.equal(status.status, 200, status.text.slice(0, 400));
      assert.deepEqual(status.body.metadata.labels, made.body.metadata.labels);
      assert.deepEqual(status.body.spec, made.body.spec);
      for (const [subresource, manager, object] of [
        ['', 'two', second],
        ['/status', 'one', first],
      ] as const) {
        const met = await apply(subresource, manager, object);
        assert.deepEqual([met.status, met.body.reason], [409, 'Conflict'], met.text.slice(0, 400));
        assert.match(met.body.message, /^Apply failed with /);
      }
    });
  }
});
