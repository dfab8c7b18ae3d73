/** The command `wherry token`. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Client } from '../client/typed-client.ts';
import { ownContext } from '../cluster/kubeconfig.ts';
import { usualDataDirectory } from '../cluster/up/hint.ts';
import { systemClock } from '../lib/system.ts';
import { dataDirectoryOf } from './data-directory.ts';
import { UsageError } from './usage-error.ts';

const unitMilliseconds = { s: 1000, m: 60_000, h: 3_600_000 } as const;

/** `24h`, `90m`; 0: it does not end. Throws UsageError. */
export function timeToLive(text: string): number | undefined {
  if (text === '0') return undefined;
  const [, amount = '', unit = ''] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  if (amount === '' || Number(amount) === 0)
    throw new UsageError(
      `--ttl is ${JSON.stringify(text)}; wanted is a time such as 24h or 90m, or 0 for a token that does not end`,
    );
  return Number(amount) * unitMilliseconds[unit as keyof typeof unitMilliseconds];
}

/** With the administrator's kubeconfig that the server keeps beside its data. */
async function withServer<Value>(
  dataDirectory: string,
  use: (client: Client, authority: string) => Promise<Value>,
): Promise<Value> {
  const [{ explainSilence, readKubeconfig }, { tlsTransport }, { Client: ApiClient }] = await Promise.all([
    import('./kubeconfig.ts'),
    import('../client/tls.ts'),
    import('../client/typed-client.ts'),
  ]);
  const advice = "give the server's data directory with --data-dir";
  const { target } = readKubeconfig(join(dataDirectoryOf(dataDirectory), 'kubeconfig'), {
    advice,
    context: ownContext,
  });
  const transport = tlsTransport(target, { clock: systemClock });
  try {
    const client = new ApiClient({ transport, clock: systemClock, userAgent: 'wherry-token' });
    return await use(client, target.authority);
  } catch (failure) {
    throw explainSilence(failure, target, `is it running? Otherwise ${advice}`);
  } finally {
    await transport.close();
  }
}

interface RawToken {
  readonly dataDir: string;
  readonly ttl: string;
  readonly description?: string;
}

export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('tokens with which nodes join').helpCommand(false);
  const withDirectory = (command: Command): Command =>
    command.option('--data-dir <directory>', "the server's data directory", usualDataDirectory('default'));
  const commands = () => import('../cluster/join/token-commands.ts');
  withDirectory(token.command('create').description('make a token, and print it'))
    .option('--ttl <time>', 'how long it is good: 24h, 90m, 30s; 0: for ever', '24h')
    .option('--description <text>', 'what it is for, as list shows it')
    .action(async ({ dataDir, ttl, description = '' }: RawToken) => {
      const milliseconds = timeToLive(ttl);
      const { createToken } = await commands();
      const now = systemClock.now();
      const made = await withServer(dataDir, (client, authority) =>
        createToken(client, { authority, now, milliseconds, description }),
      );
      process.stdout.write(`${made}\n`);
    });
  withDirectory(token.command('list').description('list the tokens, without their secrets')).action(
    async ({ dataDir }: RawToken) => {
      const { listTokens } = await commands();
      process.stdout.write(await withServer(dataDir, (client) => listTokens(client, systemClock.now())));
    },
  );
  withDirectory(token.command('delete').description('delete a token').argument('<id>', 'its id')).action(
    async (id: string, { dataDir }: RawToken) => {
      const { deleteToken } = await commands();
      const deleted = await withServer(dataDir, (client) => deleteToken(client, id));
      process.stdout.write(`token ${deleted} deleted\n`);
    },
  );
}
