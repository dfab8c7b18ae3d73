/** `wherry agent` where nftables cannot do what Services take: it ends before it has made anything, and says why. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { whyNoNamespaces } from './namespace.ts';

const main = path.join(import.meta.dirname, '../../src/main.ts');

/** In a namespace that ends with the agent, so that nothing of this machine is changed if it should go on. */
function runAgent(folder: string): { status: number | null; stderr: string } {
  const options = ['--server', 'https://127.0.0.1:1', '--token', 'none', '--node-name', 'a'];
  const places = ['--node-ip', '127.0.0.1', '--data-dir', path.join(folder, 'data')];
  const command = [process.execPath, main, 'agent', ...options, ...places];
  const script = 'ip link set lo up && exec "$@"';
  return spawnSync('unshare', ['--net', 'sh', '-c', script, 'sh', ...command], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
  });
}

test('an nft that is too old', { skip: whyNoNamespaces() }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'wherry-nft-'));
  try {
    const nft = path.join(folder, 'nft');
    const answers = [
      "--version) echo 'nftables v0.9.0 (Fearless Fosdick)';;",
      "*) printf '/dev/stdin:6:9-9: Error: syntax error, unexpected mark\\nadd map\\n' >&2; exit 1;;",
    ];
    writeFileSync(nft, `#!/bin/sh\ncase "$1" in ${answers.join(' ')} esac\n`);
    chmodSync(nft, 0o755);
    const { status, stderr } = runAgent(folder);
    assert.equal(
      stderr,
      `wherry: nft cannot make the rules that Services take. Tried: a trial of each kind of rule (nft -c -f -, which changes nothing); it said: syntax error, unexpected mark, of "add map". Found: nft 0.9.0 on Linux ${release()}. Wanted: nft 1.0.6 or later, built with JSON, and Linux 5.10 or later with nf_tables, NAT and conntrack. Upgrade the package nftables, or route Services by a process: --proxy-mode userspace\n`,
    );
    assert.equal(status, 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
