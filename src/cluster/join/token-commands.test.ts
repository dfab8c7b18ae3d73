import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestWorld } from '../../../test/client/world.ts';
import { issueAuthority } from '../issue.ts';
import { parseJoinToken } from './join-token.ts';
import { createToken, deleteToken, listTokens } from './token-commands.ts';

test('tokens are made, listed without their secrets, and deleted', async () => {
  const world = await startTestWorld();
  try {
    const { client } = world;
    const { certificate: authority } = await issueAuthority(world.clock.now());
    const make = (milliseconds: number | undefined, description: string) =>
      createToken(client, { authority, now: world.clock.now(), milliseconds, description });
    const day = parseJoinToken(await make(24 * 3600 * 1000, 'for ada'));
    const forever = parseJoinToken(await make(undefined, ''));
    await client.of('Secret').create({ metadata: { namespace: 'kube-system', name: 'other' } });
    const rows = [`${day.id}   24h         for ada\n`, `${forever.id}   <forever>   <none>\n`].sort();
    assert.equal(
      await listTokens(client, world.clock.now()),
      `ID       TTL         DESCRIPTION\n${rows.join('')}`,
    );
    const later = await listTokens(client, world.clock.now() + 25 * 3600 * 1000);
    assert.match(later, /<expired>/);
    assert.equal(await deleteToken(client, `${day.id}.${day.secret}`), day.id);
    await assert.rejects(deleteToken(client, day.id), { code: 'NO_SUCH_TOKEN' });
    await assert.rejects(deleteToken(client, '../other'), { code: 'NO_SUCH_TOKEN' });
    assert.equal(
      await listTokens(client, world.clock.now()),
      `ID       TTL         DESCRIPTION\n${forever.id}   <forever>   <none>\n`,
    );
  } finally {
    await world.close();
  }
});
