/** The server's side of joining: one token for nodes, kept in `<data-dir>/join-token`, and its Secret in the cluster. */
import { randomInt } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '../../client/typed-client.ts';
import type { Secret } from '../../kinds/generated/types.ts';
import { isNotFoundStatus } from '../../kinds/status.ts';
import { UserError } from '../../lib/errors.ts';
import { readFileIfAny, writePrivateFile } from '../files.ts';
import { formatJoinToken, hashOf, type JoinToken, parseJoinToken } from './join-token.ts';

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
const namespace = 'kube-system';

/** The bootstrap group that kubeadm gives to nodes, too. */
const nodesGroup = 'system:bootstrappers:kubeadm:default-node-token';

/** From the machine's source of secrets, whatever clock and randomness the rest runs under. */
const randomText = (length: number): string =>
  Array.from({ length }, () => letters[randomInt(letters.length)]).join('');

/** `expiration`: RFC 3339; left out: it is good for ever. */
export function tokenSecret(
  token: JoinToken,
  { description, expiration }: { description: string; expiration?: string },
): Secret {
  return {
    metadata: { name: `bootstrap-token-${token.id}`, namespace },
    type: 'bootstrap.kubernetes.io/token',
    stringData: {
      description,
      'token-id': token.id,
      'token-secret': token.secret,
      'usage-bootstrap-authentication': 'true',
      'usage-bootstrap-signing': 'true',
      'auth-extra-groups': nodesGroup,
      ...(expiration === undefined ? {} : { expiration }),
    },
  };
}

export const newJoinToken = (authority: string): JoinToken => ({
  id: randomText(6),
  secret: randomText(16),
  authorityHash: hashOf(authority),
});

/**
 * Returns the token for nodes. The file is made when it is missing or of another authority; the Secret is put back when
 * it is missing. Throws UserError BAD_JOIN_TOKEN when somebody has written something else into the file.
 */
export async function ensureJoinToken(options: {
  /** The server's data directory. */
  directory: string;
  /** PEM */
  authority: string;
  client: Client;
}): Promise<string> {
  const { directory, authority, client } = options;
  const path = join(directory, 'join-token');
  const token = await readToken(path, authority);
  const text = formatJoinToken(token);
  await keepFile(path, `${text}\n`);
  const secret = tokenSecret(token, {
    description: 'The join token of this server, in the file join-token.',
  });
  const secrets = client.of('Secret');
  // Looked for first: on a full disk no create gets as far as finding out that it is there.
  const isThere = await secrets
    .get({ namespace, name: secret.metadata.name ?? '' })
    .then(() => true, isNotFound);
  if (!isThere) await secrets.create(secret);
  return text;
}

/** False; throws any other failure. */
function isNotFound(failure: unknown): false {
  if (isNotFoundStatus(failure)) return false;
  throw failure;
}

/** What is right already is left: a server must start on a full disk. But nobody else may read it. */
async function keepFile(path: string, content: string): Promise<void> {
  if ((await readFileIfAny(path)) === content) await chmod(path, 0o600);
  else await writePrivateFile(path, content);
}

async function readToken(path: string, authority: string): Promise<JoinToken> {
  const text = await readFileIfAny(path);
  if (text === undefined) return newJoinToken(authority);
  let token: JoinToken;
  try {
    token = parseJoinToken(text);
  } catch (cause) {
    throw new UserError(
      'BAD_JOIN_TOKEN',
      `cannot use ${path}: ${cause instanceof Error ? cause.message : String(cause)}; remove the file to have a new one made`,
      { cause },
    );
  }
  return token.authorityHash === hashOf(authority) ? token : newJoinToken(authority);
}
