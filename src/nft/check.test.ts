/** What a person sees where nftables cannot be used, with scripts in nft's place on the PATH of a process of its own. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isOlder } from './check.ts';

const url = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
const program = `
import { exec } from ${url('../lib/exec.ts')};
import { checkNft } from ${url('./check.ts')};
const options = { families: ['ip', 'ip6'], otherwise: 'or do without' };
await checkNft(exec, options).then(
  () => console.log('fine'),
  ({ name, code, message }) => console.log(name + ' ' + code + ': ' + message),
);
`;

/** What is said where `script` is the only command; `undefined`: where there is none. */
function checked(script: string | undefined): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'wherry-nft-'));
  try {
    if (script !== undefined) {
      const file = path.join(folder, 'nft');
      writeFileSync(file, `#!/bin/sh\n${script}\n`);
      chmodSync(file, 0o755);
    }
    const args = ['--input-type=module', '--eval', program];
    return execFileSync(process.execPath, args, { encoding: 'utf8', env: { PATH: folder } }).trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Says its version, and of everything else what is given, in the form of nft 1.0.6. */
const refusing = (version: string, stderr: string, what = '*') =>
  `case "$1" in --version) echo 'nftables v${version} (Some Name)';; ${what}) printf '${stderr}' >&2; exit 1;; esac`;

const syntaxError =
  '/dev/stdin:6:40-43: Error: syntax error, unexpected mark\\nadd map ip wherry-trial affinity { type ipv4_addr : mark; }\\n                  ^^^^\\n';
const unfit = (tried: string, said: string, version: string, advice: string) =>
  `UserError NFT_UNFIT: nft cannot make the rules that Services take. Tried: ${tried}; it said: ${said}. Found: nft ${version} on Linux ${release()}. Wanted: nft 1.0.6 or later, built with JSON, and Linux 5.10 or later with nf_tables, NAT and conntrack. ${advice}, or do without`;
const rules = 'a trial of each kind of rule (nft -c -f -, which changes nothing)';
const missing = 'See which of these is missing (lsmod, /boot/config-*)';

const cases: Record<string, { script: string | undefined; said: string }> = {
  'no nft': {
    script: undefined,
    said: 'UserError NFT_MISSING: Services are not routed without the command nft, which is not there: install the package nftables, or do without',
  },
  'an old nft, which does not know a statement': {
    script: refusing('0.9.0', syntaxError),
    said: unfit(
      rules,
      'syntax error, unexpected mark, of "add map ip wherry-trial affinity { type ipv4_addr : mark; }"',
      '0.9.0',
      'Upgrade the package nftables',
    ),
  },
  'a new one that refuses all the same': {
    script: refusing('1.1.3', syntaxError),
    said: unfit(
      rules,
      'syntax error, unexpected mark, of "add map ip wherry-trial affinity { type ipv4_addr : mark; }"',
      '1.1.3',
      missing,
    ),
  },
  'a kernel without NAT': {
    script: refusing(
      '1.0.6',
      '/dev/stdin:9:1-20: Error: Could not process rule: Operation not supported\\nadd chain ip wherry-trial prerouting\\n',
    ),
    said: unfit(
      rules,
      'Could not process rule: Operation not supported, of "add chain ip wherry-trial prerouting"',
      '1.0.6',
      missing,
    ),
  },
  'an nft without JSON': {
    script: refusing('1.0.6', 'Error: JSON support not compiled-in\\n', '-j'),
    said: unfit('a listing as JSON (nft -j list tables)', 'JSON support not compiled-in', '1.0.6', missing),
  },
  'an nft that cannot even say who it is': {
    script: 'echo "nft: error while loading shared libraries: libnftables.so.1" >&2; exit 127',
    said: unfit(
      'its version (nft --version)',
      'nft: error while loading shared libraries: libnftables.so.1',
      'of an unknown version',
      missing,
    ),
  },
  'somebody who may not': {
    script: refusing('1.0.6', 'netlink: Error: cache initialization failed: Operation not permitted\\n'),
    said: 'UserError NFT_NOT_PERMITTED: nft may not change the rules: it takes root, or CAP_NET_ADMIN, or do without',
  },
  'an nft that takes it all': { script: refusing('1.0.6', '', 'never'), said: 'fine' },
};

for (const [name, { script, said }] of Object.entries(cases))
  test(name, () => assert.equal(checked(script), said));

function whyNoKernel(): string | false {
  if (process.getuid?.() !== 0) return 'it takes root to change rules';
  const tried = spawnSync('unshare', ['--net', 'nft', 'list', 'tables'], { stdio: 'ignore' });
  return tried.status === 0 ? false : 'no network namespace with nftables here';
}

test('this nft and this kernel pass, and nothing is left in it', { skip: whyNoKernel() }, () => {
  // Both in one namespace, which ends with them.
  const script = '"$0" --input-type=module --eval "$1" && nft list ruleset';
  const args = ['--net', 'sh', '-c', script, process.execPath, program];
  const { stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
  assert.equal(stdout, 'fine\n', stderr);
});

test('versions are compared by their numbers', () => {
  const older = ['1.0.5', '1.0', '0.9.10', '1'];
  const others = ['1.0.6', '1.0.6.1', '1.0.10', '1.1', '2'];
  assert.deepEqual(
    [...older, ...others].filter((each) => isOlder(each, '1.0.6')),
    older,
  );
});
