/** The agent's way to the server, with the node's own certificates. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { tlsTransport } from '../../client/tls.ts';
import type { Transport } from '../../client/transport.ts';
import { joinCluster, type NodeCredentials } from '../../cluster/join/join-cluster.ts';
import { UserError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { systemClock, systemRandom } from '../../lib/system.ts';
import { type AgentOptions, agentFolders } from './options.ts';

/** Requests that are under way with the old certificate have so long to end. */
const leaveMilliseconds = 30_000;

/** Throws UserError when the node is not let in; waits while the server does not answer. */
export async function join(
  options: AgentOptions,
  addresses: readonly string[],
  { log, signal }: { log: Logger; signal: AbortSignal },
): Promise<NodeCredentials> {
  const { server, nodeName, dataDirectory } = options;
  const found = await tokenIn(options, log);
  try {
    return await joinCluster({
      ...{ server, nodeName, addresses, log, signal },
      token: found.token,
      directory: agentFolders(dataDirectory).pki,
      ...{ clock: systemClock, random: systemRandom },
    });
  } catch (failure) {
    if (found.why === undefined || !(failure instanceof UserError) || failure.code !== 'NO_JOIN_TOKEN')
      throw failure;
    throw new UserError('NO_JOIN_TOKEN', `${found.why}, and ${failure.message}`, { cause: failure });
  }
}

/** A node that has its certificates does without: `why` there is none matters to one that has not. */
async function tokenIn(
  { token, tokenFile: file }: AgentOptions,
  log: Logger,
): Promise<{ token?: string; why?: string }> {
  if (token !== undefined || file === undefined) return { token };
  try {
    return { token: (await (file === '-' ? text(process.stdin) : readFile(file, 'utf8'))).trim() };
  } catch (error) {
    const why = `--token-file ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`;
    log.warn(why);
    return { why };
  }
}

/** With the newest certificate, without anybody having to know of renewals. */
export function nodeTransport(credentials: NodeCredentials): Transport {
  const { server, authority } = credentials;
  const connect = () => tlsTransport({ server, authority, ...credentials.client() }, { clock: systemClock });
  let current = connect();
  const leaving = new Map<Transport, () => void>();
  const takeOff = credentials.onRenewed((name) => {
    if (name !== 'client') return;
    const old = current;
    current = connect();
    const cancel = systemClock.after(leaveMilliseconds, () => {
      leaving.delete(old);
      void old.close();
    });
    leaving.set(old, cancel);
  });
  return {
    send: (request) => current.send(request),
    close: async () => {
      takeOff();
      for (const cancel of leaving.values()) cancel();
      await Promise.all([current, ...leaving.keys()].map((each) => each.close()));
    },
  };
}
