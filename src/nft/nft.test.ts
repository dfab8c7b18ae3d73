import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { after, describe, test } from 'node:test';
import { exec } from '../lib/exec.ts';
import { createManualClock } from '../lib/manual-clock.ts';
import { seededRandom } from '../lib/random.ts';
import { nftContract } from './contract.ts';
import { FakeHost } from './fake-host.ts';
import { kernelNft } from './nft.ts';

const has = (command: string, ...args: string[]) =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

function whyNoKernel(): string | false {
  if (process.getuid?.() !== 0) return 'it takes root to change rules';
  if (!has('nft', '--version')) return 'the command nft is not here';
  return has('unshare', '--net', 'nft', 'list', 'tables') ? false : 'no network namespace with nftables here';
}

const skip = whyNoKernel();

/** A namespace of our own for the whole file: it is gone with the process that holds it, however the test ends. */
const holder =
  skip === false
    ? spawn('unshare', ['--net', 'sh', '-c', 'echo here; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
    : undefined;
const begun = new Promise<void>((resolve, reject) => {
  holder?.stdout.once('data', () => resolve());
  holder?.once('exit', () => reject(new Error('the namespace could not be held')));
});
begun.catch(() => {});
after(() => {
  holder?.kill('SIGKILL');
});

async function makeKernel() {
  await begun;
  const nft = kernelNft(exec, ['nsenter', `--net=/proc/${holder?.pid}/ns/net`]);
  for (const family of ['ip', 'ip6'] as const)
    await nft.apply({ family, name: 'contract' }, [{ type: 'addTable' }, { type: 'destroyTable' }]);
  return nft;
}

nftContract('kernel', makeKernel, skip);
nftContract(
  'fake',
  async () =>
    new FakeHost({
      clock: createManualClock(),
      random: seededRandom(1),
      addresses: ['172.30.0.2'],
      addressToward: () => '172.30.0.2',
    }),
  false,
);

describe('nft itself', () => {
  const table = { family: 'ip', name: 'wherry' } as const;
  const addTable = [{ type: 'addTable' }] as const;
  const answering = (code: number, stderr: string) => kernelNft(async () => ({ code, stdout: '', stderr }));

  test('is run with an argument vector and the transaction on its input', async () => {
    const calls: unknown[] = [];
    const nft = kernelNft(
      async (command, args, options) => {
        calls.push([command, args, options?.input]);
        return { code: 0, stdout: '{"nftables": []}', stderr: '' };
      },
      ['nsenter', '--net=/run/netns/a'],
    );
    await nft.apply(table, addTable);
    await nft.apply(table, []);
    await nft.read(table);
    assert.deepEqual(calls, [
      ['nsenter', ['--net=/run/netns/a', 'nft', '-f', '-'], 'add table ip wherry\n'],
      ['nsenter', ['--net=/run/netns/a', 'nft', '-j', 'list', 'table', 'ip', 'wherry'], undefined],
    ]);
  });

  const failures: Record<string, [stderr: string, code: string, message: string]> = {
    missing: [
      'spawn nft ENOENT',
      'NFT_MISSING',
      'Services are not routed without the command nft, which is not there: install the package nftables',
    ],
    'missing where it is looked for by nsenter': [
      'nsenter: failed to execute nft: No such file or directory\n',
      'NFT_MISSING',
      'Services are not routed without the command nft, which is not there: install the package nftables',
    ],
    'without the privilege': [
      'netlink: Error: cache initialization failed: Operation not permitted\n',
      'NFT_NOT_PERMITTED',
      'nft may not change the rules: it takes root, or CAP_NET_ADMIN',
    ],
    refusing: [
      '/dev/stdin:1:1-2: Error: File exists\nadd element ip wherry cluster-ips { 10.96.0.1 }\n                    ^^^^\n',
      'NFT_REFUSED',
      'nft refused to change table ip wherry: File exists, of "add element ip wherry cluster-ips { 10.96.0.1 }"',
    ],
    'refusing a long command': [
      `/dev/stdin:1:1-2: Error: File exists\n${'x'.repeat(100_000)}\n`,
      'NFT_REFUSED',
      `nft refused to change table ip wherry: File exists, of "${'x'.repeat(160)}..."`,
    ],
    'ending without a word': ['', 'NFT_REFUSED', 'nft refused to change table ip wherry: nothing'],
  };
  for (const [name, [stderr, code, message]] of Object.entries(failures))
    test(name, async () => {
      await assert.rejects(answering(1, stderr).apply(table, addTable), { code, message });
    });

  test('a table that is not there is told from a namespace or an nft that is not', async () => {
    const none = 'Error: No such file or directory\nlist table ip wherry\n              ^^^^^^\n';
    assert.equal(await answering(1, none).read(table), undefined);
    const gone = 'nsenter: cannot open /run/netns/a: No such file or directory\n';
    await assert.rejects(answering(1, gone).read(table), {
      code: 'NFT_REFUSED',
      message: `nft refused to list table ip wherry: ${gone.trim()}`,
    });
    const missing = 'nsenter: failed to execute nft: No such file or directory\n';
    await assert.rejects(answering(127, missing).read(table), { code: 'NFT_MISSING' });
  });
});
