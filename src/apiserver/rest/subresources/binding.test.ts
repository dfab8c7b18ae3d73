import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../../test-server.ts';
import { make, merge, pod, pods, verdict } from '../testing.ts';

describe('binding', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const binding = (name: string, more: object = {}, target: object = { kind: 'Node', name: 'n1' }) => ({
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, ...more },
    target,
  });
  const bind = (name: string, body: object = binding(name), query = '') =>
    server.call('POST', `${pods}/${name}/binding${query}`, { body });
  const read = async (name: string) => (await server.call('GET', `${pods}/${name}`)).body;

  test('puts the pod on the node and says since when', async () => {
    await make(server, pods, pod('bound'));
    const { status, body } = await bind('bound');
    assert.deepEqual(
      [status, body],
      [201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }],
    );
    const bound = await read('bound');
    assert.equal(bound.spec.nodeName, 'n1');
    const [condition] = bound.status.conditions;
    assert.deepEqual(
      [condition.type, condition.status, condition.lastTransitionTime],
      ['PodScheduled', 'True', '2026-01-01T00:00:00Z'],
    );
  });

  test('through the collection of bindings, as old schedulers do it', async () => {
    await make(server, pods, pod('legacy'));
    const url = '/api/v1/namespaces/default/bindings';
    assert.equal((await server.call('POST', url, { body: binding('legacy') })).status, 201);
    assert.equal((await read('legacy')).spec.nodeName, 'n1');
  });

  test('hands on its annotations and labels, and clears the nomination', async () => {
    await make(
      server,
      pods,
      pod('marked', {}, { labels: { keep: 'a', zone: 'old' }, annotations: { b: '1' } }),
    );
    const waiting = [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable' },
      { type: 'Ready', status: 'False' },
    ];
    await merge(server, `${pods}/marked/status`, {
      status: { nominatedNodeName: 'n9', conditions: waiting },
    });
    await bind('marked', binding('marked', { labels: { zone: 'z1' }, annotations: { a: '2' } }));
    const { metadata, status } = await read('marked');
    assert.deepEqual(metadata.labels, { keep: 'a', zone: 'z1' });
    assert.deepEqual(metadata.annotations, { a: '2', b: '1' });
    assert.equal(status.nominatedNodeName, undefined);
    assert.deepEqual(
      status.conditions.map(({ type, status, reason }: Record<string, string>) => [type, status, reason]),
      [
        ['PodScheduled', 'True', undefined],
        ['Ready', 'False', undefined],
      ],
    );
  });

  test('nobody owns nodeName by it', async () => {
    await make(server, pods, pod('unowned'));
    await bind('unowned');
    const managers = (await read('unowned')).metadata.managedFields;
    assert.deepEqual(
      managers.map(({ operation, subresource }: Record<string, string>) => [operation, subresource]),
      [['Update', undefined]],
    );
    assert.equal(JSON.stringify(managers).includes('nodeName'), false);
  });

  test('a dry run binds nothing', async () => {
    await make(server, pods, pod('dry'));
    assert.equal((await bind('dry', binding('dry'), '?dryRun=All')).status, 201);
    assert.equal((await read('dry')).spec.nodeName, undefined);
  });

  test('the default kind of target is a node', async () => {
    await make(server, pods, pod('plain'));
    assert.equal((await bind('plain', binding('plain', {}, { name: 'n2' }))).status, 201);
    assert.equal((await read('plain')).spec.nodeName, 'n2');
  });

  describe('refuses', () => {
    before(async () => {
      await make(server, pods, pod('taken', { nodeName: 'n1' }));
      await make(server, pods, pod('free'));
      await make(server, pods, pod('gated', { schedulingGates: [{ name: 'example.com/wait' }] }));
      await make(server, pods, pod('going', {}, { finalizers: ['example.com/hold'] }));
      await server.call('DELETE', `${pods}/going`);
    });
    const conflict = (name: string, why: string) => [
      409,
      'Conflict',
      `Operation cannot be fulfilled on pods/binding "${name}": ${why}`,
    ];
    const cases: [name: string, pod: string, body: object, expected: unknown[]][] = [
      [
        'a second binding',
        'taken',
        binding('taken'),
        conflict('taken', 'pod taken is already assigned to node "n1"'),
      ],
      [
        'a pod with gates',
        'gated',
        binding('gated'),
        conflict('gated', 'pod gated has non-empty .spec.schedulingGates'),
      ],
      [
        'a pod that is going',
        'going',
        binding('going'),
        conflict('going', 'pod going is being deleted, cannot be assigned to a host'),
      ],
      ['a pod that is not there', 'none', binding('none'), [404, 'NotFound', 'pods "none" not found']],
      [
        'another name in the body',
        'free',
        binding('other'),
        [400, 'BadRequest', 'name in URL does not match name in Binding object'],
      ],
      [
        'a target that is no node',
        'free',
        binding('free', {}, { kind: 'Pod', name: 'n1' }),
        [
          422,
          'Invalid',
          'Binding "free" is invalid: target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"',
        ],
      ],
      [
        'a target without a name',
        'free',
        binding('free', {}, { kind: 'Node' }),
        [422, 'Invalid', 'Binding "free" is invalid: target.name: Required value'],
      ],
    ];
    for (const [name, of, body, expected] of cases)
      test(name, async () => assert.deepEqual(verdict(await bind(of, body)), expected));

    const preconditions: [name: string, metadata: object][] = [
      ['the uid of a pod that had the same name before', { uid: 'before' }],
      ['a version of the pod that is not the present one', { resourceVersion: '1' }],
    ];
    for (const [name, metadata] of preconditions)
      test(name, async () => {
        const { status, body } = await bind('free', binding('free', metadata));
        assert.deepEqual([status, body.reason], [409, 'Conflict']);
        assert.equal((await read('free')).spec.nodeName, undefined);
      });
  });
});
