import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { certificateSigningRequest } from '../kinds/certificate-signing-request.ts';
import { make, merge, pod, pods, verdict } from './rest/testing.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const priorityClasses = '/apis/scheduling.k8s.io/v1/priorityclasses';
const storageClasses = '/apis/storage.k8s.io/v1/storageclasses';
const ingressClasses = '/apis/networking.k8s.io/v1/ingressclasses';
const claims = '/api/v1/namespaces/default/persistentvolumeclaims';
const ingresses = '/apis/networking.k8s.io/v1/namespaces/default/ingresses';

describe('admission', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  describe('ServiceAccount', () => {
    test('a pod runs as default unless it says; the old name of the field follows', async () => {
      const of = async (name: string, spec: object) => {
        const { serviceAccountName, serviceAccount } = (await make(server, pods, pod(name, spec))).spec;
        return [serviceAccountName, serviceAccount];
      };
      assert.deepEqual(await of('a', {}), ['default', 'default']);
      assert.deepEqual(await of('b', { serviceAccountName: 'builder' }), ['builder', 'builder']);
    });
  });

  describe('Priority', () => {
    const of = async (name: string, spec: object) => {
      const { priorityClassName, priority, preemptionPolicy } = (await make(server, pods, pod(name, spec)))
        .spec;
      return [priorityClassName, priority, preemptionPolicy];
    };
    const refusal = async (spec: object) =>
      verdict(await server.call('POST', pods, { body: pod('p', spec) }));

    test('without any class it is 0', async () => {
      assert.deepEqual(await of('plain', {}), [undefined, 0, 'PreemptLowerPriority']);
    });

    test('a class’s number and policy, one’s own and the system’s', async () => {
      await make(server, priorityClasses, {
        metadata: { name: 'batch' },
        value: 7,
        preemptionPolicy: 'Never',
      });
      assert.deepEqual(await of('own', { priorityClassName: 'batch' }), ['batch', 7, 'Never']);
      assert.deepEqual(await of('system', { priorityClassName: 'system-node-critical' }), [
        'system-node-critical',
        2000001000,
        'PreemptLowerPriority',
      ]);
    });

    test('the default class, for pods that name none', async () => {
      await make(server, priorityClasses, {
        metadata: { name: 'usual' },
        value: 5,
        globalDefault: true,
        preemptionPolicy: 'Never',
      });
      assert.deepEqual(await of('plain', {}), ['usual', 5, 'Never']);
    });

    test('a number or policy of one’s own must be the class’s', async () => {
      assert.deepEqual(await of('same', { priority: 0, preemptionPolicy: 'PreemptLowerPriority' }), [
        undefined,
        0,
        'PreemptLowerPriority',
      ]);
      assert.deepEqual(await refusal({ priority: 3 }), [
        403,
        'Forbidden',
        'pods "p" is forbidden: the integer value of priority (3) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
      ]);
      assert.deepEqual(await refusal({ preemptionPolicy: 'Never' }), [
        403,
        'Forbidden',
        'pods "p" is forbidden: the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority admission controller computed PreemptLowerPriority from the given PriorityClass name',
      ]);
    });

    test('a class that is not there', async () => {
      assert.deepEqual(await refusal({ priorityClassName: 'none' }), [
        403,
        'Forbidden',
        'pods "p" is forbidden: no PriorityClass with name none was found',
      ]);
    });

    test('only one class is the default, on create and on update', async () => {
      const one = { metadata: { name: 'one' }, value: 1, globalDefault: true };
      const refused = (name: string) => [
        403,
        'Forbidden',
        `priorityclasses.scheduling.k8s.io "${name}" is forbidden: PriorityClass one is already marked as default. Only one default can exist`,
      ];
      await make(server, priorityClasses, one);
      const two = await server.call('POST', priorityClasses, { body: { ...one, metadata: { name: 'two' } } });
      assert.deepEqual(verdict(two), refused('two'));
      await make(server, priorityClasses, { metadata: { name: 'two' }, value: 2 });
      const headers = { 'content-type': 'application/merge-patch+json' };
      const marked = await server.call('PATCH', `${priorityClasses}/two`, {
        body: { globalDefault: true },
        headers,
      });
      assert.deepEqual(verdict(marked), refused('two'));
      // The one itself may go on being changed.
      await merge(server, `${priorityClasses}/one`, { description: 'still' });
      await merge(server, `${priorityClasses}/one`, { globalDefault: false });
      await merge(server, `${priorityClasses}/two`, { globalDefault: true });
    });
  });

  /** A class with the annotation that makes it the default. */
  const storageClass = (name: string, isDefault = true) => ({
    metadata: {
      name,
      annotations: { 'storageclass.kubernetes.io/is-default-class': String(isDefault) },
    },
    provisioner: 'example.com/disk',
  });
  const claim = (name: string, spec: object = {}, annotations?: Record<string, string>) => ({
    metadata: { name, ...(annotations ? { annotations } : {}) },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  });

  describe('DefaultStorageClass', () => {
    const of = async (body: object) => (await make(server, claims, body)).spec.storageClassName;

    test('a claim gets the default class, unless it names one, or none on purpose', async () => {
      assert.equal(await of(claim('before')), undefined);
      await make(server, storageClasses, storageClass('other', false));
      await make(server, storageClasses, storageClass('disk'));
      assert.equal(await of(claim('unset')), 'disk');
      assert.equal(await of(claim('named', { storageClassName: 'other' })), 'other');
      assert.equal(await of(claim('none', { storageClassName: '' })), '');
      const legacy = { 'volume.beta.kubernetes.io/storage-class': 'old' };
      assert.equal(await of(claim('legacy', {}, legacy)), undefined);
    });

    test('of several the newest; of equally old the first by name', async () => {
      await make(server, storageClasses, storageClass('b'));
      await make(server, storageClasses, storageClass('a'));
      assert.equal(await of(claim('one')), 'a');
      server.clock.advance(1_000);
      await make(server, storageClasses, storageClass('c'));
      assert.equal(await of(claim('two')), 'c');
    });

    test('a class that is marked as in beta is one too', async () => {
      const annotations = { 'storageclass.beta.kubernetes.io/is-default-class': 'true' };
      const { metadata, ...rest } = storageClass('old', false);
      await make(server, storageClasses, { ...rest, metadata: { ...metadata, annotations } });
      assert.equal(await of(claim('one')), 'old');
    });
  });

  test('DefaultIngressClass: the default class, unless one is named in either way', async () => {
    await make(server, ingressClasses, {
      metadata: { name: 'edge', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
      spec: { controller: 'example.com/edge' },
    });
    const backend = { defaultBackend: { service: { name: 'web', port: { number: 80 } } } };
    const of = async (name: string, spec: object, annotations?: Record<string, string>) =>
      (
        await make(server, ingresses, {
          metadata: { name, ...(annotations ? { annotations } : {}) },
          spec: { ...backend, ...spec },
        })
      ).spec.ingressClassName;
    assert.equal(await of('unset', {}), 'edge');
    assert.equal(await of('named', { ingressClassName: 'mine' }), 'mine');
    assert.equal(await of('legacy', {}, { 'kubernetes.io/ingress.class': 'old' }), undefined);
  });

  test('StorageObjectInUseProtection: volumes and claims outlive their delete while in use', async () => {
    const made = await make(server, claims, claim('data'));
    assert.deepEqual(made.metadata.finalizers, ['kubernetes.io/pvc-protection']);
    const volume = await make(server, '/api/v1/persistentvolumes', {
      metadata: { name: 'pv', finalizers: ['example.com/x'] },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/data' },
      },
    });
    assert.deepEqual(volume.metadata.finalizers, ['example.com/x', 'kubernetes.io/pv-protection']);
    await server.call('DELETE', `${claims}/data`);
    assert.notEqual((await server.call('GET', `${claims}/data`)).body.metadata.deletionTimestamp, undefined);
  });

  test('TaintNodesByCondition: a new node takes no pods until it says that it is ready', async () => {
    const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
    const own = { key: 'example.com/gpu', effect: 'NoExecute' };
    const { spec } = await make(server, '/api/v1/nodes', {
      metadata: { name: 'n1' },
      spec: { taints: [own] },
    });
    assert.deepEqual(spec.taints, [own, notReady]);
    const cleared = await merge(server, '/api/v1/nodes/n1', { spec: { taints: [own] } });
    assert.deepEqual(cleared.spec.taints, [own]);
  });

  test('a certificate is asked for in the name of whoever asks, whatever the request says', async () => {
    const { request } = (certificateSigningRequest.example as unknown as { spec: { request: string } }).spec;
    const url = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
    const body = {
      metadata: { name: 'mine' },
      spec: {
        request,
        signerName: 'example.com/signer',
        usages: ['client auth'],
        username: 'somebody-else',
        groups: ['system:masters'],
        uid: 'forged',
        extra: { scopes: ['all'] },
      },
    };
    const user = { name: 'jane', groups: ['system:masters', 'dev'], uid: 'u-1', extra: { pin: ['1'] } };
    const answer = await server.call('POST', url, { body, user });
    const { username, groups, uid, extra } = answer.body.spec ?? assert.fail(answer.text);
    assert.deepEqual(
      [username, groups, uid, extra],
      ['jane', ['system:masters', 'dev'], 'u-1', { pin: ['1'] }],
    );
  });

  test('subresources are not admitted anew: a status update leaves the spec', async () => {
    await make(server, pods, pod('p'));
    await make(server, priorityClasses, { metadata: { name: 'usual' }, value: 5, globalDefault: true });
    const { spec } = await merge(server, `${pods}/p/status`, { status: { phase: 'Running' } });
    assert.deepEqual([spec.priority, spec.priorityClassName], [0, undefined]);
  });
});
