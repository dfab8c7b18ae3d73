import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { faultyTransport } from '../../test/client/faults.ts';
import { startTestWorld } from '../../test/client/world.ts';
import type { ConfigMap } from '../kinds/generated/types.ts';
import { StatusError } from '../kinds/status.ts';
import { seededRandom } from '../lib/random.ts';
import { create, patch, remove, update } from './change.ts';
import { askAfter, askFor, isUnknown, type UnknownWrite } from './lost-answers.ts';
import { AbortedError, TransportError } from './transport.ts';
import { Client } from './typed-client.ts';

const map = (name: string, metadata: object = {}): ConfigMap => ({
  metadata: { namespace: 'default', name, ...metadata },
});
const told = {
  regarding: { kind: 'ConfigMap', name: 'x' },
  type: 'Normal',
  reason: 'Made',
  message: 'made {name}',
} as const;

async function start() {
  const world = await startTestWorld();
  const faults = faultyTransport(world.transport);
  const client = new Client({ transport: faults.transport, clock: world.clock, userAgent: 'asker/1' });
  const recorded: string[] = [];
  const stopping = new AbortController();
  const context = {
    client,
    clock: world.clock,
    random: seededRandom(1),
    signal: stopping.signal,
    record: ({ message }: { message: string }) => recorded.push(message),
  };
  return { world, faults, client, context, recorded, stopping };
}

describe('writes without an answer', () => {
  test('were done, or were not: the server says so', async () => {
    const { world, client, context, recorded } = await start();
    const there = await client.of('ConfigMap').create(map('there'));
    const revision = Number(there.metadata.resourceVersion);
    const { uid } = there.metadata;
    const absent = create('ConfigMap', map('absent'), { onSuccess: told });
    const cases: [string, UnknownWrite, object[], object[]][] = [
      [
        'a create',
        create('ConfigMap', map('there'), { onSuccess: told }),
        [{ kind: 'ConfigMap', revision }],
        [],
      ],
      ['a create that was not', absent, [], [absent]],
      ['an update', update('ConfigMap', there), [{ kind: 'ConfigMap', revision }], []],
      ['a patch', patch('ConfigMap', 'default/there', { patch: {} }), [{ kind: 'ConfigMap', revision }], []],
      [
        'a patch of what is gone',
        patch('ConfigMap', 'default/gone', { patch: {} }),
        [{ kind: 'ConfigMap', gone: { key: 'default/gone', uid: undefined } }],
        [],
      ],
      ['a delete that was not', remove('ConfigMap', there), [{ kind: 'ConfigMap', revision }], []],
      [
        'a delete',
        remove('ConfigMap', map('gone', { uid: 'u' })),
        [{ kind: 'ConfigMap', gone: { key: 'default/gone', uid: 'u' } }],
        [],
      ],
      [
        'a delete, and another came in its place',
        remove('ConfigMap', map('there', { uid: 'old' })),
        [{ kind: 'ConfigMap', gone: { key: 'default/there', uid: 'old' } }],
        [],
      ],
    ];
    for (const [name, write, written, unsettled] of cases)
      assert.deepEqual(await askAfter([write], context), { written, absent: unsettled }, name);
    assert.deepEqual(recorded, ['made there']);
    assert.notEqual(uid, undefined);
    await world.close();
  });

  test('are asked after until there is an answer', async () => {
    const { world, faults, client, context } = await start();
    await client.of('ConfigMap').create(map('there'));
    faults.answer({ match: ({ method }) => method === 'GET', times: 3, with: 'no answer' });
    const found: unknown[] = [];
    askFor('ConfigMap', 'default/there', context).then((object) => found.push(object));
    await world.settle();
    assert.equal(found.length, 0);
    await world.advance(10_000);
    assert.equal((found[0] as ConfigMap).metadata.name, 'there');
    assert.equal(await askFor('ConfigMap', 'default/gone', context), 'gone');
    await world.close();
  });

  test('are let be when nobody may look, or nobody wants to know any more', async () => {
    const { world, faults, context, stopping } = await start();
    const body = { kind: 'Status', code: 403, reason: 'Forbidden', message: 'no' };
    faults.answer({ match: () => true, with: { status: 403, body } });
    assert.equal(await askFor('ConfigMap', 'default/x', context), 'unreadable');
    stopping.abort();
    assert.deepEqual(await askAfter([create('ConfigMap', map('x'))], context), { written: [], absent: [] });
    await world.close();
  });

  test('are those that the server may have done', () => {
    const cases: [unknown, boolean][] = [
      [new TransportError('the cable is cut'), true],
      [new StatusError(500, 'InternalError', ''), true],
      [new StatusError(504, 'Timeout', ''), true],
      [new StatusError(409, 'Conflict', ''), false],
      [new StatusError(429, 'TooManyRequests', ''), false],
      [new AbortedError(), false],
    ];
    for (const [error, expected] of cases) assert.equal(isUnknown(error), expected, String(error));
  });
});
