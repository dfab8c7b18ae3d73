/**
 * Whether nft and the kernel of this machine can hold the rules at all: looked at, and tried, before anything is made.
 * Else a person would see what nft says of the first transaction, which nobody understands who has not written it.
 */
import { release } from 'node:os';
import { UserError } from '../lib/errors.ts';
import type { Exec } from '../lib/exec.ts';
import { diffTables } from './diff.ts';
import { trialMilliseconds } from './limits.ts';
import { failureOf, refusalText } from './nft.ts';
import { renderOperations } from './render.ts';
import { sampleTable } from './sample-table.ts';
import type { TableFamily } from './table.ts';

/** Debian 12's, with which everything is tested. An older one is not refused for its number, but for what it cannot do. */
const versionWanted = '1.0.6';
/** Ranges as the last part of a key, and rules with NAT that look into maps of addresses and ports. */
const kernelWanted = '5.10';

export interface CheckNftOptions {
  readonly families: readonly TableFamily[];
  /** What a person may do where nftables is out of reach: `or ...`. */
  readonly otherwise?: string;
}

/** Throws UserError: NFT_MISSING, NFT_NOT_PERMITTED, or NFT_UNFIT with what was tried, found, and is wanted. */
export async function checkNft(exec: Exec, { families, otherwise }: CheckNftOptions): Promise<void> {
  const trials: [string, readonly string[], string][] = [
    ['its version (nft --version)', ['--version'], ''],
    ...families.map((family): [string, string[], string] => [
      // Without `-c` it would be done; with it, the kernel looks at all of it and forgets it.
      'a trial of each kind of rule (nft -c -f -, which changes nothing)',
      ['-c', '-f', '-'],
      renderOperations(diffTables(undefined, sampleTable(family)), { family, name: 'wherry-trial' }),
    ]),
    ['a listing as JSON (nft -j list tables)', ['-j', 'list', 'tables'], ''],
  ];
  let version: string | undefined;
  for (const [tried, args, input] of trials) {
    const { code, stdout, stderr } = await exec('nft', args, { input, milliseconds: trialMilliseconds });
    version ??= /nftables v(\d+(?:\.\d+)*)/.exec(stdout)?.[1];
    if (code !== 0) throw failureOfTrial({ tried, stderr, version, otherwise });
  }
}

function failureOfTrial(failed: {
  tried: string;
  stderr: string;
  version: string | undefined;
  otherwise: string | undefined;
}): UserError {
  const { tried, stderr, version, otherwise } = failed;
  const advised = (message: string) => (otherwise === undefined ? message : `${message}, ${otherwise}`);
  const failure = failureOf(stderr, 'a trial');
  if (failure instanceof UserError) return new UserError(failure.code, advised(failure.message));
  const isOld = version !== undefined && isOlder(version, versionWanted);
  const sentences = [
    'nft cannot make the rules that Services take',
    `Tried: ${tried}; it said: ${refusalText(stderr)}`,
    `Found: nft ${version ?? 'of an unknown version'} on Linux ${release()}`,
    `Wanted: nft ${versionWanted} or later, built with JSON, and Linux ${kernelWanted} or later with nf_tables, NAT and conntrack`,
    advised(isOld ? 'Upgrade the package nftables' : 'See which of these is missing (lsmod, /boot/config-*)'),
  ];
  return new UserError('NFT_UNFIT', sentences.join('. '));
}

/** By their numbers, the first that differs deciding. */
export function isOlder(version: string, than: string): boolean {
  const [own, other] = [version, than].map((each) => each.split('.').map(Number)) as [number[], number[]];
  const place = other.findIndex((number, index) => number !== (own[index] ?? 0));
  return place !== -1 && (own[place] ?? 0) < (other[place] as number);
}
