import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../../test-server.ts';
import { make, pod, pods, strategicPatch, verdict } from '../testing.ts';

describe('ephemeral containers', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const debuggerOf = (name: string, more: object = {}) => ({
    name,
    image: 'busybox',
    targetContainerName: 'c',
    ...more,
  });
  /** What kubectl debug sends. */
  const add = (name: string, containers: object[], query = '') =>
    server.call('PATCH', `${pods}/${name}/ephemeralcontainers${query}`, {
      body: { spec: { ephemeralContainers: containers } },
      headers: strategicPatch,
    });
  const namesOf = (body: { spec: { ephemeralContainers?: { name: string }[] } }) =>
    (body.spec.ephemeralContainers ?? []).map(({ name }) => name);
  const read = async (name: string) => (await server.call('GET', `${pods}/${name}`)).body;

  test('one is added, with its defaults, beside those that are there', async () => {
    await make(server, pods, pod('debugged', { nodeName: 'n1' }));
    const first = await add('debugged', [debuggerOf('one')]);
    assert.equal(first.status, 200);
    assert.deepEqual(
      [
        first.body.spec.ephemeralContainers[0].imagePullPolicy,
        first.body.spec.ephemeralContainers[0].terminationMessagePolicy,
      ],
      ['Always', 'File'],
    );
    assert.deepEqual(namesOf((await add('debugged', [debuggerOf('two')])).body).sort(), ['one', 'two']);
  });

  test('by PUT of the whole pod, of which the rest is ignored', async () => {
    const made = await make(server, pods, pod('put', { nodeName: 'n1' }));
    made.spec.ephemeralContainers = [debuggerOf('one')];
    made.spec.containers[0].image = 'other';
    made.metadata.labels = { sly: 'yes' };
    const { status, body } = await server.call('PUT', `${pods}/put/ephemeralcontainers`, { body: made });
    assert.deepEqual(
      [status, namesOf(body), body.spec.containers[0].image, body.metadata.labels],
      [200, ['one'], 'nginx', undefined],
    );
  });

  test('what is there may neither change nor go', async () => {
    await make(server, pods, pod('fixed', { nodeName: 'n1' }));
    await add('fixed', [debuggerOf('one')]);
    const changed = await add('fixed', [debuggerOf('one', { image: 'other' })]);
    assert.deepEqual(verdict(changed), [
      422,
      'Invalid',
      'Pod "fixed" is invalid: spec.ephemeralContainers: Forbidden: existing ephemeral containers "one" may not be changed\n',
    ]);
    const pods1 = await read('fixed');
    delete pods1.spec.ephemeralContainers;
    const gone = await server.call('PUT', `${pods}/fixed/ephemeralcontainers`, { body: pods1 });
    assert.deepEqual(verdict(gone), [
      422,
      'Invalid',
      'Pod "fixed" is invalid: spec.ephemeralContainers: Forbidden: existing ephemeral containers "one" may not be removed\n',
    ]);
    assert.deepEqual(namesOf(await read('fixed')), ['one']);
  });

  test('must fit the pod: the target is one of its containers', async () => {
    await make(server, pods, pod('fit', { nodeName: 'n1' }));
    assert.deepEqual(verdict(await add('fit', [debuggerOf('one', { targetContainerName: 'none' })])), [
      422,
      'Invalid',
      'Pod "fit" is invalid: spec.ephemeralContainers[0].targetContainerName: Not found: "none"',
    ]);
  });

  test('only through it: an update of the pod may not add one', async () => {
    const made = await make(server, pods, pod('closed', { nodeName: 'n1' }));
    made.spec.ephemeralContainers = [debuggerOf('one')];
    const { status } = await server.call('PUT', `${pods}/closed`, { body: made });
    assert.equal(status, 422);
  });

  test('a dry run adds none', async () => {
    await make(server, pods, pod('dry', { nodeName: 'n1' }));
    assert.deepEqual(namesOf((await add('dry', [debuggerOf('one')], '?dryRun=All')).body), ['one']);
    assert.deepEqual(namesOf(await read('dry')), []);
  });

  test('GET shows the pod', async () => {
    const { status, body } = await server.call('GET', `${pods}/debugged/ephemeralcontainers`);
    assert.deepEqual([status, body.kind, namesOf(body).length], [200, 'Pod', 2]);
  });

  test('a pod that is not there', async () => {
    assert.deepEqual(verdict(await add('none', [debuggerOf('one')])), [
      404,
      'NotFound',
      'pods "none" not found',
    ]);
  });
});
