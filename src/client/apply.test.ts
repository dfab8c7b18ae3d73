import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Faults, faultyTransport } from '../../test/client/faults.ts';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import type { ConfigMap } from '../kinds/generated/types.ts';
import { StatusError } from '../kinds/status.ts';
import { seededRandom } from '../lib/random.ts';
import { type ApplyContext, applyChanges } from './apply.ts';
import { type Change, create, type EventText, patch, remove, requeueAfter, update } from './change.ts';
import { Naming } from './naming.ts';
import { AbortedError, TransportError } from './transport.ts';
import { Client } from './typed-client.ts';

let world: TestWorld;
let faults: Faults;
let recorded: string[] = [];
let context: ApplyContext;
before(async () => {
  world = await startTestWorld();
  faults = faultyTransport(world.transport);
  context = {
    client: new Client({ transport: faults.transport, clock: world.clock, userAgent: 'apply/1' }),
    record: ({ reason, message }) => recorded.push(`${reason}: ${message}`),
    signal: new AbortController().signal,
    naming: new Naming(seededRandom(1)),
  };
});
after(() => world.close());

const map = (name: string, fields: Partial<ConfigMap['metadata']> = {}): ConfigMap => ({
  metadata: { namespace: 'default', name, ...fields },
});
const said = (reason: string, message: string): EventText => ({
  regarding: { kind: 'ConfigMap', namespace: 'default', name: 'x' },
  type: 'Normal',
  reason,
  message,
});

async function apply(...changes: Change[]) {
  recorded = [];
  faults.asked.length = 0;
  const { error, ...outcome } = await applyChanges(changes, context);
  return { ...outcome, error: error instanceof StatusError ? `${error.httpCode} ${error.reason}` : error };
}

describe('changes are carried out', () => {
  test('in order, with what was written and when to come again', async () => {
    const outcome = await apply(
      create('ConfigMap', map('one'), { onSuccess: said('Created', 'made {name}') }),
      requeueAfter(500),
      patch('ConfigMap', 'default/one', { patch: { data: { a: '1' } } }),
      requeueAfter(300),
      { type: 'event', event: said('Told', 'by {name}') },
      create('Secret', map('two')),
    );
    const { revision } = world.server.server.backend.cache;
    assert.deepEqual(outcome, {
      written: [
        { kind: 'ConfigMap', revision: revision - 2 },
        { kind: 'ConfigMap', revision: revision - 1 },
        { kind: 'Secret', revision },
      ],
      unknown: [],
      error: undefined,
      requeueAfterMilliseconds: 300,
    });
    assert.deepEqual(recorded, ['Created: made one', 'Told: by {name}']);
  });

  test('until one fails', async () => {
    const outcome = await apply(
      create('ConfigMap', map('three')),
      create('Secret', map('Bad Name'), { onFailure: said('Failed', 'Error: {error}') }),
      create('ConfigMap', map('never')),
    );
    assert.deepEqual([outcome.error, outcome.written.length], ['422 Invalid', 1]);
    assert.equal(recorded.length, 1);
    assert.match(recorded[0]!, /^Failed: Error: Secret "Bad Name" is invalid: /);
    assert.equal(faults.asked.length, 2);
  });

  test('creates in growing batches, which a refusal stops', async () => {
    const many = (prefix: string) =>
      Array.from({ length: 40 }, (_, index) => create('ConfigMap', map(`${prefix}-${index}`)));
    assert.equal((await apply(...many('many'))).written.length, 40);
    faults.answer({
      match: ({ method }) => method === 'POST',
      times: 1000,
      with: {
        status: 403,
        body: { kind: 'Status', code: 403, reason: 'Forbidden', message: 'exceeded quota' },
      },
    });
    const refused = await apply(...many('refused'));
    assert.deepEqual([refused.error, refused.written.length, faults.asked.length], ['403 Forbidden', 0, 1]);
    faults.heal();
  });

  test('what exists already may be fine, or not', async () => {
    assert.deepEqual(await apply(create('ConfigMap', map('one'), { existsIsFine: true })), {
      written: [],
      unknown: [],
      error: undefined,
    });
    assert.equal((await apply(create('ConfigMap', map('one')))).error, '409 AlreadyExists');
  });

  test('what is gone is fine to delete, and stale to change; another of its name is spared', async () => {
    const gone = map('gone', { uid: 'u' });
    assert.deepEqual(await apply(remove('ConfigMap', gone)), {
      written: [{ kind: 'ConfigMap', gone: { key: 'default/gone', uid: 'u' } }],
      unknown: [],
      error: undefined,
    });
    assert.equal(
      (await apply(update('ConfigMap', map('gone', { resourceVersion: '2' })))).error,
      '404 NotFound',
    );
    assert.equal((await apply(remove('ConfigMap', map('one', { uid: 'another' })))).error, '409 Conflict');
  });

  test('in a namespace that is going nothing is created, and that is no failure', async () => {
    const { client } = context;
    await client.of('Namespace').create({ metadata: { name: 'going' } });
    await client.of('Namespace').delete({ name: 'going' });
    const outcome = await apply(create('ConfigMap', map('late', { namespace: 'going' })));
    assert.deepEqual(outcome, { written: [], unknown: [], error: undefined });
  });

  test('requireEmpty ends the plan when something was found, but not its requeue', async () => {
    const { client } = context;
    await client.of('Namespace').create({ metadata: { name: 'full' } });
    await client.of('ConfigMap').create(map('inside', { namespace: 'full' }));
    const plan: Change[] = [
      { type: 'deleteCollection', kind: 'ConfigMap', namespace: 'full', options: {} },
      { type: 'deleteCollection', kind: 'Secret', namespace: 'full', options: {} },
      { type: 'requireEmpty' },
      create('Lease', { metadata: { namespace: 'full', name: 'last' } }),
      requeueAfter(9),
    ];
    const first = await apply(...plan);
    assert.deepEqual([first.written.length, first.requeueAfterMilliseconds], [1, 9]);
    const second = await apply(...plan);
    assert.deepEqual(
      second.written.map(({ kind }) => kind),
      ['Lease'],
    );
  });

  test('subresources are created', async () => {
    await context.client.of('Pod').create({
      metadata: { namespace: 'default', name: 'web' },
      spec: { containers: [{ name: 'web', image: 'nginx' }] },
    });
    const body = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: {},
      target: { kind: 'Node', name: 'node-1' },
    };
    const outcome = await apply({
      type: 'createSubresource',
      kind: 'Pod',
      key: 'default/web',
      subresource: 'binding',
      body,
    });
    assert.equal(outcome.error, undefined);
    const { spec } = await context.client.of('Pod').get({ namespace: 'default', name: 'web' });
    assert.equal(spec?.nodeName, 'node-1');
  });

  test('not when the connection is broken, and no longer when the signal aborts', async () => {
    faults.answer({ match: () => true, with: 'no answer' });
    const broken = await apply(create('ConfigMap', map('x'), { onFailure: said('Failed', '{error}') }));
    assert.ok(broken.error instanceof TransportError);
    assert.deepEqual(recorded, []);
    const controller = new AbortController();
    controller.abort();
    const outcome = await applyChanges([create('ConfigMap', map('x'))], {
      ...context,
      signal: controller.signal,
    });
    assert.ok(outcome.error instanceof AbortedError);
  });
});
