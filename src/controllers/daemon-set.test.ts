import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import type { ControllerRevision, DaemonSetSpec, Pod } from '../kinds/generated/types.ts';
import { timestamp } from '../lib/timestamp.ts';
import { targetNode } from './daemon-set/pods.ts';
import { daemonSet } from './daemon-set.ts';

const at = { namespace: 'default', name: 'agent' };
const app = { app: 'agent' };
const templateOf = (image: string) => ({
  metadata: { labels: app },
  spec: { containers: [{ name: 'agent', image }] },
});

describe('daemon sets', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await startTestWorld({ controllers: [daemonSet()] });
    for (const name of ['n1', 'n2', 'n3']) await addNode(name);
  });
  afterEach(() => world.close());

  /** A new node is tainted until it says that it is ready. */
  const addNode = async (name: string, labels: Record<string, string> = {}) => {
    const node = await world.client.of('Node').create({ metadata: { name, labels } });
    await world.client.of('Node').update({ ...node, spec: {} });
  };
  const start = async (spec: Partial<DaemonSetSpec> = {}) => {
    const whole = { selector: { matchLabels: app }, template: templateOf('agent:1') };
    await world.client.of('DaemonSet').create({ metadata: at, spec: { ...whole, ...spec } });
    await world.settle();
  };
  const change = async (spec: object) => {
    await world.client.of('DaemonSet').patch(at, { type: 'merge', patch: { spec } });
    await world.settle();
  };
  const setImage = (image: string) => change({ template: templateOf(image) });
  const changeNode = async (name: string, patch: object) => {
    await world.client.of('Node').patch({ name }, { type: 'merge', patch });
    await world.settle();
  };
  const list = async (): Promise<Pod[]> =>
    (await world.client.of('Pod').list({ namespace: 'default' })).items.toSorted((left, right) =>
      (targetNode(left) ?? '') < (targetNode(right) ?? '') ? -1 : 1,
    );
  const images = async () =>
    (await list()).map((pod) => `${targetNode(pod)} ${pod.spec?.containers[0]?.image}`).sort();
  const setStatus = async ({ metadata }: Pod, status: object) => {
    const { namespace = '', name = '' } = metadata;
    await world.client
      .of('Pod')
      .patch({ namespace, name }, { type: 'merge', patch: { status }, subresource: 'status' });
    await world.settle();
  };
  const ready = (pod: Pod) =>
    setStatus(pod, {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: timestamp(world.clock.now()) }],
    });
  /** Makes ready those that are not now: not those that come of it. */
  const readyAll = async () => {
    for (const pod of await list()) if (pod.status?.phase !== 'Running') await ready(pod);
  };
  const status = async () => (await world.client.of('DaemonSet').get(at)).status;
  const revisions = async () => {
    const { items } = await world.client.of('ControllerRevision').list({ namespace: 'default' });
    return items.toSorted((left, right) => (left.revision ?? 0) - (right.revision ?? 0));
  };
  const events = async () => {
    const { items } = await world.client.of('Event').list({ namespace: 'default' });
    return items.map(({ reason, message }) => `${reason}: ${message}`).sort();
  };

  test('one pod for every node, which the scheduler can bind to no other', async () => {
    await start();
    const [revision] = await revisions();
    const hash = revision?.metadata.labels?.['controller-revision-hash'];
    assert.equal(revision?.metadata.name, `agent-${hash}`);
    const pods = await list();
    assert.deepEqual(pods.map(targetNode), ['n1', 'n2', 'n3']);
    const [pod] = pods;
    assert.match(pod?.metadata.name ?? '', /^agent-[a-z0-9]{5}$/);
    assert.deepEqual(pod?.metadata.labels, {
      ...app,
      'controller-revision-hash': hash,
      'pod-template-generation': '1',
    });
    assert.deepEqual(pod?.spec?.affinity, {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }],
        },
      },
    });
    assert.deepEqual(
      pod?.spec?.tolerations?.map(({ key, operator, effect, tolerationSeconds }) =>
        [key, operator, effect, tolerationSeconds].join(' '),
      ),
      [
        'node.kubernetes.io/not-ready Exists NoExecute ',
        'node.kubernetes.io/unreachable Exists NoExecute ',
        'node.kubernetes.io/disk-pressure Exists NoSchedule ',
        'node.kubernetes.io/memory-pressure Exists NoSchedule ',
        'node.kubernetes.io/pid-pressure Exists NoSchedule ',
        'node.kubernetes.io/unschedulable Exists NoSchedule ',
      ],
    );
    assert.deepEqual(
      await events(),
      pods.map(({ metadata }) => `SuccessfulCreate: Created pod: ${metadata.name}`).sort(),
    );
  });

  test('tells how many there are, are ready and are new', async () => {
    await start();
    const counts = { currentNumberScheduled: 3, desiredNumberScheduled: 3, numberMisscheduled: 0 };
    assert.deepEqual(await status(), {
      ...counts,
      numberReady: 0,
      observedGeneration: 1,
      updatedNumberScheduled: 3,
      numberUnavailable: 3,
    });
    await readyAll();
    assert.deepEqual(await status(), {
      ...counts,
      numberReady: 3,
      observedGeneration: 1,
      updatedNumberScheduled: 3,
      numberAvailable: 3,
    });
  });

  test('a pod is available when it has been ready for minReadySeconds', async () => {
    await start({ minReadySeconds: 10 });
    await readyAll();
    await world.advance(9_000);
    assert.deepEqual([(await status())?.numberReady, (await status())?.numberAvailable], [3, undefined]);
    await world.advance(2_000);
    assert.equal((await status())?.numberAvailable, 3);
  });

  test('follows the nodes: new ones, labels, taints', async () => {
    await start({
      template: {
        ...templateOf('agent:1'),
        spec: { ...templateOf('agent:1').spec, nodeSelector: { disk: 'ssd' } },
      },
    });
    assert.deepEqual(await images(), []);
    await addNode('n4', { disk: 'ssd' });
    await changeNode('n1', { metadata: { labels: { disk: 'ssd' } } });
    assert.deepEqual(await images(), ['n1 agent:1', 'n4 agent:1']);
    await changeNode('n1', { metadata: { labels: { disk: 'hdd' } } });
    assert.deepEqual(await images(), ['n4 agent:1']);
    await changeNode('n4', { spec: { taints: [{ key: 'full', effect: 'NoSchedule' }] } });
    assert.deepEqual(await images(), ['n4 agent:1']);
    assert.deepEqual(
      [(await status())?.desiredNumberScheduled, (await status())?.numberMisscheduled],
      [0, 1],
    );
    await changeNode('n4', { spec: { taints: [{ key: 'full', effect: 'NoExecute' }] } });
    assert.deepEqual(await images(), []);
    await changeNode('n4', { spec: { taints: null } });
    assert.deepEqual(await images(), ['n4 agent:1']);
  });

  test('a pod that waits for a node that is gone is deleted', async () => {
    await start();
    await world.client.of('Node').delete({ name: 'n2' });
    await world.settle();
    assert.deepEqual(await images(), ['n1 agent:1', 'n3 agent:1']);
    assert.equal((await status())?.desiredNumberScheduled, 2);
  });

  test('an update takes one pod at a time, the next when it is available', async () => {
    await start();
    await readyAll();
    await setImage('agent:2');
    assert.deepEqual(await images(), ['n1 agent:2', 'n2 agent:1', 'n3 agent:1']);
    assert.deepEqual(
      [(await status())?.updatedNumberScheduled, (await status())?.observedGeneration],
      [1, 2],
    );
    await readyAll();
    assert.deepEqual(await images(), ['n1 agent:2', 'n2 agent:2', 'n3 agent:1']);
    await readyAll();
    await readyAll();
    assert.deepEqual(await images(), ['n1 agent:2', 'n2 agent:2', 'n3 agent:2']);
    assert.equal((await status())?.numberAvailable, 3);
  });

  test('percentages of unavailable pods are rounded up, and old ones that are unavailable go at once', async () => {
    await start({ updateStrategy: { rollingUpdate: { maxUnavailable: '34%' } } });
    const [first] = await list();
    await ready(first as Pod);
    await setImage('agent:2');
    assert.deepEqual(await images(), ['n1 agent:1', 'n2 agent:2', 'n3 agent:2']);
    await readyAll();
    assert.deepEqual(await images(), ['n1 agent:2', 'n2 agent:2', 'n3 agent:2']);
  });

  test('a surge makes the new pod first', async () => {
    await start({ updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    await readyAll();
    await setImage('agent:2');
    assert.deepEqual(await images(), ['n1 agent:1', 'n1 agent:2', 'n2 agent:1', 'n3 agent:1']);
    await readyAll();
    assert.deepEqual(await images(), ['n1 agent:2', 'n2 agent:1', 'n2 agent:2', 'n3 agent:1']);
    await readyAll();
    await readyAll();
    assert.deepEqual(await images(), ['n1 agent:2', 'n2 agent:2', 'n3 agent:2']);
  });

  test('an old pod that fails during the surge does not wait for the new one', async () => {
    await start({ updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    await readyAll();
    await setImage('agent:2');
    const old = (await list()).find((pod) => targetNode(pod) === 'n1' && pod.status?.phase === 'Running');
    await setStatus(old as Pod, { conditions: [{ type: 'Ready', status: 'False' }] });
    // It is no surge any more: the next one may begin.
    assert.deepEqual(await images(), ['n1 agent:2', 'n2 agent:1', 'n2 agent:2', 'n3 agent:1']);
  });

  test('OnDelete replaces what others delete', async () => {
    await start({ updateStrategy: { type: 'OnDelete' } });
    await readyAll();
    await setImage('agent:2');
    assert.deepEqual(await images(), ['n1 agent:1', 'n2 agent:1', 'n3 agent:1']);
    const [first] = await list();
    await world.client.of('Pod').delete({ namespace: 'default', name: first?.metadata.name ?? '' });
    await world.settle();
    assert.deepEqual(await images(), ['n1 agent:2', 'n2 agent:1', 'n3 agent:1']);
  });

  test('keeps revisions up to the limit; a template that comes back is the newest again', async () => {
    await start({ revisionHistoryLimit: 1, updateStrategy: { rollingUpdate: { maxUnavailable: 3 } } });
    const numbers = async () =>
      (await revisions()).map(({ revision, data }) => {
        const { spec } = data as unknown as { spec: { template: ReturnType<typeof templateOf> } };
        return `${revision} ${spec.template.spec.containers[0]?.image}`;
      });
    const roll = async (image: string) => {
      await setImage(image);
      await readyAll();
    };
    await roll('agent:2');
    assert.deepEqual(await numbers(), ['1 agent:1', '2 agent:2']);
    await roll('agent:1');
    assert.deepEqual(await numbers(), ['2 agent:2', '3 agent:1']);
    await roll('agent:3');
    assert.deepEqual(await numbers(), ['3 agent:1', '4 agent:3']);
    assert.deepEqual(await images(), ['n1 agent:3', 'n2 agent:3', 'n3 agent:3']);
  });

  test('two revisions of one template become one', async () => {
    await start();
    const [first] = await revisions();
    const { resourceVersion: _version, uid: _uid, ...metadata } = first?.metadata ?? {};
    await world.client.of('ControllerRevision').create({
      ...(first as ControllerRevision),
      metadata: { ...metadata, name: 'agent-other', labels: { ...app, 'controller-revision-hash': 'other' } },
      revision: 5,
    });
    await world.settle();
    assert.deepEqual(
      (await revisions()).map(({ metadata, revision }) => [metadata.name, revision]),
      [['agent-other', 5]],
    );
    const hashes = (await list()).map(({ metadata: { labels } }) => labels?.['controller-revision-hash']);
    assert.deepEqual(hashes, ['other', 'other', 'other']);
  });

  test('a pod that failed is replaced, after waits that double', async () => {
    await start({ selector: { matchLabels: app } });
    const uid = async () => (await list()).find((pod) => targetNode(pod) === 'n1')?.metadata.uid;
    const fail = async () => {
      const pod = (await list()).find((each) => targetNode(each) === 'n1');
      await setStatus(pod as Pod, { phase: 'Failed' });
    };
    /** Seconds until the pod that has failed is another. */
    const patience = async () => {
      const before = await uid();
      await fail();
      for (let seconds = 0; seconds <= 10; seconds++) {
        if ((await uid()) !== before) return seconds;
        await world.advance(1_000);
      }
      return undefined;
    };
    assert.deepEqual([await patience(), await patience(), await patience(), await patience()], [0, 1, 2, 4]);
    const told = (await events()).filter((text) => text.startsWith('FailedDaemonPod'));
    assert.equal(told.length, 4);
    assert.match(
      told[0] ?? '',
      /^FailedDaemonPod: Found failed daemon pod default\/agent-.{5} on node n1, will try to kill it$/,
    );
  });

  test('a pod that has ended well is replaced at once', async () => {
    await start();
    const [first] = await list();
    await setStatus(first as Pod, { phase: 'Succeeded' });
    assert.notEqual((await list())[0]?.metadata.uid, first?.metadata.uid);
    const message = `Found succeeded daemon pod default/${first?.metadata.name} on node n1, will try to delete it`;
    assert.ok((await events()).includes(`SucceededDaemonPod: ${message}`));
  });

  test('adopts what matches, releases what does not, and deletes what is too much', async () => {
    await start();
    const [first] = await list();
    const key = { namespace: 'default', name: first?.metadata.name ?? '' };
    const relabel = async (labels: object) => {
      await world.client.of('Pod').patch(key, { type: 'merge', patch: { metadata: { labels } } });
      await world.settle();
    };
    await relabel({ app: 'other' });
    assert.deepEqual(await images(), ['n1 agent:1', 'n1 agent:1', 'n2 agent:1', 'n3 agent:1']);
    assert.equal((await world.client.of('Pod').get(key)).metadata.ownerReferences, undefined);
    await relabel({ app: 'agent' });
    assert.deepEqual(await images(), ['n1 agent:1', 'n2 agent:1', 'n3 agent:1']);
    assert.ok((await list()).every(({ metadata }) => metadata.ownerReferences?.[0]?.name === 'agent'));
  });

  test('one that is going makes no more pods', async () => {
    await start();
    await world.client.of('DaemonSet').delete(at, { propagationPolicy: 'Foreground' });
    await addNode('n4');
    await world.settle();
    assert.deepEqual(await images(), ['n1 agent:1', 'n2 agent:1', 'n3 agent:1']);
  });

  test('a set at rest is not written', async () => {
    await start();
    await readyAll();
    const { resourceVersion } = (await world.client.of('DaemonSet').get(at)).metadata;
    await changeNode('n1', { metadata: { annotations: { note: 'x' } } });
    await world.advance(60_000);
    assert.equal((await world.client.of('DaemonSet').get(at)).metadata.resourceVersion, resourceVersion);
  });
});
