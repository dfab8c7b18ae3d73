/** What `wherry token` does: tokens for nodes besides the server's own, which end after a time. */
import type { Client } from '../../client/typed-client.ts';
import type { Secret } from '../../kinds/generated/types.ts';
import { getOwn } from '../../kinds/object.ts';
import { isNotFoundStatus } from '../../kinds/status.ts';
import { humanDuration } from '../../lib/duration.ts';
import { UserError } from '../../lib/errors.ts';
import { formatJoinToken } from './join-token.ts';
import { newJoinToken, tokenSecret } from './server-token.ts';

const namespace = 'kube-system';
const tokenType = 'bootstrap.kubernetes.io/token';

const valueIn = (secret: Secret, key: string): string =>
  Buffer.from(getOwn(secret.data, key) ?? '', 'base64').toString('utf8');

/** Makes one; `milliseconds` undefined: it does not end. */
export async function createToken(
  client: Client,
  options: { authority: string; now: number; milliseconds: number | undefined; description: string },
): Promise<string> {
  const { authority, now, milliseconds, description } = options;
  const token = newJoinToken(authority);
  const expiration =
    milliseconds === undefined ? undefined : `${new Date(now + milliseconds).toISOString().slice(0, 19)}Z`;
  await client.of('Secret').create(tokenSecret(token, { description, ...(expiration && { expiration }) }));
  return formatJoinToken(token);
}

/** A table of those that are there; secrets are not told. */
export async function listTokens(client: Client, now: number): Promise<string> {
  const { items } = await client.of('Secret').list({ namespace, fieldSelector: `type=${tokenType}` });
  const rows = items.map((secret) => {
    const end = Date.parse(valueIn(secret, 'expiration'));
    const left = Number.isNaN(end) ? '<forever>' : end <= now ? '<expired>' : humanDuration(end - now);
    return [valueIn(secret, 'token-id'), left, valueIn(secret, 'description') || '<none>'];
  });
  const table = [['ID', 'TTL', 'DESCRIPTION'], ...rows];
  const widths = [0, 1].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)) + 3);
  return table
    .map(
      ([id = '', ttl = '', description = '']) =>
        `${id.padEnd(widths[0] ?? 0)}${ttl.padEnd(widths[1] ?? 0)}${description}\n`,
    )
    .join('');
}

/** By its id, or by the whole token. Throws UserError NO_SUCH_TOKEN. */
export async function deleteToken(client: Client, given: string): Promise<string> {
  const id = given.split(/[.@]/, 1)[0] ?? '';
  if (!/^[a-z0-9]{6}$/.test(id))
    throw new UserError(
      'NO_SUCH_TOKEN',
      `there is no token ${JSON.stringify(id)}: an id has six letters or digits; wherry token list shows them`,
    );
  try {
    await client.of('Secret').delete({ namespace, name: `bootstrap-token-${id}` });
  } catch (failure) {
    if (!isNotFoundStatus(failure)) throw failure;
    throw new UserError('NO_SUCH_TOKEN', `there is no token ${id}; wherry token list shows them`);
  }
  return id;
}
