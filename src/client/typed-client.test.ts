import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Faults, faultyTransport } from '../../test/client/faults.ts';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import type { ConfigMap } from '../kinds/generated/types.ts';
import { StatusError } from '../kinds/status.ts';
import { kindNamed, kindNameOf, kindNames } from './kind-names.ts';
import { AbortedError, TransportError } from './transport.ts';
import { Client } from './typed-client.ts';
import { queryText, resourcePath } from './url.ts';

let world: TestWorld;
let faults: Faults;
let client: Client;
before(async () => {
  world = await startTestWorld();
  faults = faultyTransport(world.transport);
  client = new Client({ transport: faults.transport, clock: world.clock, userAgent: 'test-agent/1' });
});
after(() => world.close());

const at = (name: string) => ({ namespace: 'default', name });
const map = (name: string, data: Record<string, string> = {}): ConfigMap => ({ metadata: at(name), data });

/** The refusal, as reason and code. */
async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'no refusal';
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return `${error.httpCode} ${error.reason}: ${error.message}`;
  }
}

describe('the typed client', () => {
  test('creates, reads, replaces, patches and deletes', async () => {
    const maps = client.of('ConfigMap');
    const created = await maps.create(map('one', { a: '1' }));
    assert.equal(created.metadata.managedFields?.[0]?.manager, 'test-agent');
    assert.deepEqual((await maps.get(at('one'))).data, { a: '1' });
    const updated = await maps.update({ ...created, data: { a: '2' } }, { fieldManager: 'other' });
    assert.deepEqual(updated.data, { a: '2' });
    assert.equal(
      await refusal(maps.update({ ...created, data: { a: '3' } })),
      '409 Conflict: Operation cannot be fulfilled on configmaps "one": the object has been modified; please apply your changes to the latest version and try again',
    );
    const patches = {
      merge: { data: { b: '1' } },
      strategic: { data: { c: '1' } },
      json: [{ op: 'add', path: '/data/d', value: '1' }],
      apply: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' }, data: { e: '1' } },
    } as const;
    for (const type of ['merge', 'strategic', 'json', 'apply'] as const)
      await maps.patch(at('one'), { type, patch: patches[type], fieldManager: 'patcher' });
    assert.deepEqual((await maps.get(at('one'))).data, { a: '2', b: '1', c: '1', d: '1', e: '1' });
    assert.equal(
      (await refusal(maps.delete(at('one'), { preconditions: { uid: 'another' } }))).slice(0, 12),
      '409 Conflict',
    );
    assert.equal((await maps.delete(at('one'))).kind, 'Status');
    assert.equal(await refusal(maps.get(at('one'))), '404 NotFound: configmaps "one" not found');
  });

  test('writes status and subresources', async () => {
    const deployments = client.of('Deployment');
    const created = await deployments.create({
      metadata: at('web'),
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'web', image: 'nginx' }] },
        },
      },
    });
    const updated = await deployments.updateStatus({ ...created, status: { replicas: 3 } });
    assert.equal(updated.status?.replicas, 3);
    const scaled = await deployments.patch(at('web'), {
      type: 'merge',
      subresource: 'scale',
      patch: { spec: { replicas: 2 } },
    });
    assert.equal((scaled as { kind?: string }).kind, 'Scale');
    const pod = await client.of('Pod').create({
      metadata: at('web'),
      spec: { containers: [{ name: 'web', image: 'nginx' }] },
    });
    await client.of('Pod').createSubresource(at('web'), {
      subresource: 'binding',
      body: { apiVersion: 'v1', kind: 'Binding', metadata: at('web'), target: { name: 'node-1' } } as never,
    });
    assert.equal((await client.of('Pod').get(at('web'))).spec?.nodeName, 'node-1');
    assert.equal(pod.spec?.nodeName, undefined);
  });

  test('lists in pages and by selectors, deletes collections', async () => {
    const maps = client.of('ConfigMap');
    for (let index = 0; index < 12; index++)
      await maps.create({ metadata: { ...at(`page-${index}`), labels: { odd: String(index % 2) } } });
    const sizes: number[] = [];
    for await (const page of maps.pages({ namespace: 'default', limit: 5 })) sizes.push(page.items.length);
    assert.deepEqual(sizes, [5, 5, 2]);
    const odd = await maps.list({ labelSelector: { matchLabels: { odd: '1' } } });
    assert.equal(odd.items.length, 6);
    assert.equal((await maps.list({ fieldSelector: 'metadata.name=page-3' })).items.length, 1);
    const deleted = await maps.deleteCollection({ namespace: 'default', labelSelector: 'odd=1' });
    assert.equal(deleted.items.length, 6);
    assert.equal((await maps.list({ namespace: 'default' })).items.length, 6);
  });

  test('a dry run writes nothing', async () => {
    await client.of('ConfigMap').create(map('dry'), { dryRun: true });
    assert.match(await refusal(client.of('ConfigMap').get(at('dry'))), /^404/);
  });

  test('watches, stops, and tells a refusal', async () => {
    const maps = client.of('ConfigMap');
    const seen: string[] = [];
    const stop = await maps.watch(
      { namespace: 'default', labelSelector: 'watched' },
      {
        onEvent: ({ type, object }) => seen.push(`${type} ${object.metadata.name}`),
        onEnd: () => seen.push('end'),
      },
    );
    await maps.create({ metadata: { ...at('seen'), labels: { watched: 'yes' } } });
    await maps.create(map('unseen'));
    await maps.delete(at('seen'));
    await world.settle();
    stop();
    await maps.create({ metadata: { ...at('seen'), labels: { watched: 'yes' } } });
    await world.settle();
    assert.deepEqual(seen, ['ADDED seen', 'DELETED seen']);
    const handlers = { onEvent: () => {}, onEnd: () => {} };
    assert.match(await refusal(maps.watch({ resourceVersion: 'x' }, handlers)), /^400 BadRequest/);
  });

  test('asks again when the server says when, and gives up after ten times', async () => {
    const busy = {
      status: 429,
      headers: { 'retry-after': '1' },
      body: { kind: 'Status', code: 429, reason: 'TooManyRequests' },
    };
    faults.asked.length = 0;
    faults.answer({ match: () => true, times: 3, with: busy });
    const created = client.of('ConfigMap').create(map('patient'));
    await world.advance(5000);
    assert.equal((await created).metadata.name, 'patient');
    assert.equal(faults.asked.length, 4);
    faults.answer({ match: () => true, times: 11, with: busy });
    const refused = refusal(client.of('ConfigMap').get(at('patient')));
    await world.advance(60_000);
    assert.match(await refused, /^429 TooManyRequests/);
    assert.equal(faults.asked.length, 15);
    faults.answer({ match: () => true, with: busy });
    const controller = new AbortController();
    const given = client.of('ConfigMap').get(at('patient'), { signal: controller.signal });
    await world.settle();
    controller.abort();
    await assert.rejects(given, AbortedError);
  });

  test('answers that are no Status become errors all the same', async () => {
    faults.answer({ match: () => true, with: { status: 502, body: 'bad gateway' } });
    assert.equal(
      await refusal(client.of('ConfigMap').get(at('x'))),
      '502 : the server answered 502 with "\\"bad gateway\\""',
    );
    faults.answer({ match: () => true, with: 'no answer' });
    await assert.rejects(client.of('ConfigMap').get(at('x')), TransportError);
  });
});

describe('kinds by name', () => {
  test('each has a type, and each type a kind', () => {
    assert.equal(kindNames.length, new Set(kindNames).size);
    assert.equal(kindNamed('Event').group, '');
    assert.equal(kindNamed('HorizontalPodAutoscaler').version, 'v2');
    assert.throws(() => kindNamed('Nothing'), { code: 'NO_SUCH_KIND' });
    assert.throws(() => kindNamed('constructor'), { code: 'NO_SUCH_KIND' });
    assert.equal(kindNameOf('apps/v1', 'Deployment'), 'Deployment');
    assert.equal(kindNameOf('autoscaling/v1', 'HorizontalPodAutoscaler'), 'HorizontalPodAutoscaler');
    assert.equal(kindNameOf('example.com/v1', 'Deployment'), undefined);
    assert.equal(kindNameOf('v1', 'Widget'), undefined);
  });

  test('the table of types names exactly the kinds that can be watched', async () => {
    const { readFile } = await import('node:fs/promises');
    const source = await readFile(new URL('./kind-names.ts', import.meta.url), 'utf8');
    const named = [...source.matchAll(/^ {2}(\w+): (?:Types|MetalLB)\.(\w+);$/gm)].map(([, name, type]) => [
      name,
      type,
    ]);
    assert.deepEqual(
      named,
      kindNames.map((name) => [name, kindNamed(name).schema]),
    );
  });
});

describe('URLs', () => {
  test('of resources', () => {
    const paths = {
      '/api/v1/namespaces/default/pods/web/status': resourcePath(kindNamed('Pod'), {
        namespace: 'default',
        name: 'web',
        subresource: 'status',
      }),
      '/apis/apps/v1/deployments': resourcePath(kindNamed('Deployment'), {}),
      '/api/v1/nodes/node-1': resourcePath(kindNamed('Node'), { namespace: '', name: 'node-1' }),
      '/api/v1/namespaces/a%2Fb/pods/..%2Fx': resourcePath(kindNamed('Pod'), {
        namespace: 'a/b',
        name: '../x',
      }),
      '?a=1&b=x%20y&c=true': queryText({ a: 1, b: 'x y', c: true, d: undefined, e: '' }),
    };
    assert.deepEqual(Object.values(paths), Object.keys(paths));
  });
});
