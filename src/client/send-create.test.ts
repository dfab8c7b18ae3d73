import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { faultyTransport } from '../../test/client/faults.ts';
import { startTestWorld } from '../../test/client/world.ts';
import type { ConfigMap } from '../kinds/generated/types.ts';
import type { KubeObject } from '../kinds/object.ts';
import { StatusError } from '../kinds/status.ts';
import { type Random, seededRandom } from '../lib/random.ts';
import { type CreateChange, create } from './change.ts';
import { drawnNameAttemptsMax } from './limits.ts';
import { Naming } from './naming.ts';
import { sendCreate } from './send-create.ts';
import { Client } from './typed-client.ts';

const owner = (uid: string) => [{ apiVersion: 'v1', kind: 'Secret', name: 'o', uid, controller: true }];
const map = (metadata: Partial<ConfigMap['metadata']>): ConfigMap => ({
  metadata: { namespace: 'default', ...metadata },
});

/** Always the same: every name that is drawn is `web-bbbbb`. */
const stuck: Random = { next: () => 0, uuid: () => '' };

async function start() {
  const world = await startTestWorld();
  const faults = faultyTransport(world.transport);
  const client = new Client({ transport: faults.transport, clock: world.clock, userAgent: 'creator/1' });
  const written: KubeObject[] = [];
  const lost: CreateChange[] = [];
  const send = (change: CreateChange, naming: Naming) =>
    sendCreate(change, {
      client: client.ofKind<KubeObject>(client.of('ConfigMap').kind),
      signal: new AbortController().signal,
      naming,
      wrote(object) {
        written.push(object);
        return object.metadata.name ?? '';
      },
      lost: (named) => lost.push(named),
    });
  return { world, faults, client, written, lost, send };
}

const isTaken = (error: unknown) => error instanceof StatusError && error.reason === 'AlreadyExists';

describe('a create with a generateName', () => {
  test('gets its name here, and keeps the prefix', async () => {
    const { world, written, send } = await start();
    const name = await send(create('ConfigMap', map({ generateName: 'web-' })), new Naming(seededRandom(1)));
    assert.match(name ?? '', /^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    assert.equal(written[0]?.metadata.generateName, 'web-');
    await world.close();
  });

  test('of which nothing was heard takes the same name again, and finds itself', async () => {
    const { world, client, faults, lost, written, send } = await start();
    const change = create('ConfigMap', map({ generateName: 'web-' }));
    faults.answer({ match: ({ method }) => method === 'POST', with: 'no answer' });
    await assert.rejects(send(change, new Naming(seededRandom(1))), /the cable is cut/);
    const [first] = lost;
    // It has arrived after all.
    await client.of('ConfigMap').create(first?.object as ConfigMap);
    const name = await send(change, new Naming(seededRandom(2), lost));
    assert.equal(name, first?.object.metadata.name);
    assert.equal(written.length, 1);
    assert.equal((await client.of('ConfigMap').list({ namespace: 'default' })).items.length, 1);
    await world.close();
  });

  test('finds itself by its controller; what is somebody else’s is left, and another name drawn', async () => {
    const { world, client, send, written } = await start();
    const ours = { generateName: 'web-', ownerReferences: owner('ours') };
    await client.of('ConfigMap').create(map({ ...ours, name: 'web-bbbbb' }));
    assert.equal(await send(create('ConfigMap', map(ours)), new Naming(stuck)), 'web-bbbbb');
    assert.equal(written.length, 1);
    const theirs = map({ generateName: 'web-', ownerReferences: owner('theirs') });
    let draws = 0;
    const luckyOnce: Random = { next: () => (draws++ < 5 ? 0 : 0.5), uuid: () => '' };
    const name = await send(create('ConfigMap', theirs), new Naming(luckyOnce));
    assert.notEqual(name, 'web-bbbbb');
    await assert.rejects(send(create('ConfigMap', theirs), new Naming(stuck)), isTaken);
    assert.ok(draws >= 10 && drawnNameAttemptsMax > 1);
    await world.close();
  });

  test('is lost when nobody says whether it was done, or who has its name', async () => {
    const { world, client, faults, lost, send } = await start();
    await client.of('ConfigMap').create(map({ name: 'web-bbbbb' }));
    faults.answer({ match: ({ method }) => method === 'GET', with: 'no answer' });
    await assert.rejects(
      send(create('ConfigMap', map({ generateName: 'web-' })), new Naming(stuck)),
      /the cable is cut/,
    );
    assert.deepEqual(
      lost.map(({ object }) => object.metadata.name),
      ['web-bbbbb'],
    );
    await world.close();
  });
});

test('a name is cut to a DNS label, and an unsettled one goes only to its like', () => {
  const long = create('ConfigMap', map({ generateName: 'x'.repeat(80) }));
  const { name } = new Naming(seededRandom(1)).take(long);
  assert.deepEqual([name.length, name.startsWith('x'.repeat(58))], [63, true]);
  const unsettled = create('ConfigMap', map({ generateName: 'web-', name: 'web-early' }));
  const naming = new Naming(seededRandom(1), [unsettled]);
  const take = (prefix: string) => naming.take(create('ConfigMap', map({ generateName: prefix })));
  assert.deepEqual(
    [take('other-').isUnsettled, take('web-').name, take('web-').isUnsettled],
    [false, 'web-early', false],
  );
});
