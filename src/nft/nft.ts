/** What the proxy needs of nftables, and its way to the kernel: `nft -f -`, one process for each transaction. */
import { UserError, WherryError } from '../lib/errors.ts';
import type { Exec } from '../lib/exec.ts';
import { commandMilliseconds, outputBytesMax } from './limits.ts';
import type { Operation } from './operation.ts';
import { parseListing, type Reading } from './reading.ts';
import { renderOperations } from './render.ts';
import type { TableFamily } from './table.ts';

export interface TableName {
  readonly family: TableFamily;
  readonly name: string;
}

/** The kernel (`kernelNft`) or a fake of it (`FakeHost`); `contract.ts` says what both do. */
export interface Nft {
  /** All of it or, with an NftError, nothing. */
  apply(table: TableName, operations: readonly Operation[]): Promise<void>;
  /** What is there now; undefined when there is no such table. Other tables are not looked at. */
  read(table: TableName): Promise<Reading | undefined>;
}

/** `NFT_REFUSED`: the kernel's table is not what the transaction builds on, or the transaction is wrong. */
export class NftError extends WherryError {}

/** Where nft stands in its input, which says nothing to whoever has not seen that. */
const placePattern = /^\/dev\/stdin:\S+ /;
const refusalCharactersMax = 160;

const cut = (text: string): string =>
  text.length <= refusalCharactersMax ? text : `${text.slice(0, refusalCharactersMax)}...`;

/** What nft says, and of which command: its first error and the line below it. */
export function refusalText(stderr: string): string {
  const [error = '', command = ''] = stderr.split('\n').map((line) => line.trim());
  const said = cut(error.replace(placePattern, '').replace(/^Error: /, '')) || 'nothing';
  return placePattern.test(error) && command !== '' ? `${said}, of "${cut(command)}"` : said;
}

/** Without a prefix Node says it, with one `nsenter` or `unshare`. */
const isMissing = (stderr: string): boolean => /spawn nft ENOENT|failed to execute nft: /.test(stderr);

/** Tells what a person can mend from what only a resync can. `what`: was refused. */
export function failureOf(stderr: string, what: string): WherryError {
  if (isMissing(stderr))
    return new UserError(
      'NFT_MISSING',
      'Services are not routed without the command nft, which is not there: install the package nftables',
    );
  if (/Operation not permitted/.test(stderr))
    return new UserError(
      'NFT_NOT_PERMITTED',
      'nft may not change the rules: it takes root, or CAP_NET_ADMIN',
    );
  return new NftError('NFT_REFUSED', `nft refused ${what}: ${refusalText(stderr)}`);
}

/** `prefix`: what to run nft with, as `['nsenter', '--net=/run/netns/x']`. */
export function kernelNft(exec: Exec, prefix: readonly string[] = []): Nft {
  const run = (args: readonly string[], input?: string) => {
    const [command = 'nft', ...rest] = [...prefix, 'nft', ...args];
    const options = { milliseconds: commandMilliseconds, outputBytesMax };
    return exec(command, rest, input === undefined ? options : { ...options, input });
  };
  return {
    async apply(table, operations) {
      if (operations.length === 0) return;
      const { code, stderr } = await run(['-f', '-'], renderOperations(operations, table));
      if (code !== 0) throw failureOf(stderr, `to change table ${table.family} ${table.name}`);
    },
    async read({ family, name }) {
      const { code, stdout, stderr } = await run(['-j', 'list', 'table', family, name]);
      if (code === 0) return parseListing(stdout);
      // Only in nft's own words: those of `nsenter`, without its namespace or nft itself, are another story.
      if (/^Error: No such file or directory/m.test(stderr)) return undefined;
      throw failureOf(stderr, `to list table ${family} ${name}`);
    },
  };
}
