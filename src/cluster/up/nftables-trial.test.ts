import assert from 'node:assert/strict';
import { release } from 'node:os';
import { test } from 'node:test';
import type { Exec } from '../../lib/exec.ts';
import { whyNoNftables } from './nftables-trial.ts';

const answering = (trial: { code: number; stderr: string }, version: string): Exec => {
  return async (command) =>
    command === 'unshare' ? { ...trial, stdout: '' } : { code: 0, stdout: version, stderr: '' };
};

test('nothing is said where the trial is taken', async () => {
  assert.deepEqual(await whyNoNftables(answering({ code: 0, stderr: '' }, '')), []);
});

test('a refusal says what was tried, found and is wanted', async () => {
  const said = '/dev/stdin:2:5-5: Error: syntax error, unexpected mark\nmap m\n';
  const [line = '', ...more] = await whyNoNftables(
    answering({ code: 1, stderr: said }, 'nftables v0.9.0 (Fearless Fosdick)\n'),
  );
  assert.deepEqual(more, []);
  assert.equal(
    line,
    `no nftables with maps, NAT and connection tracking: tried unshare --net nft -f -, which said "/dev/stdin:2:5-5: Error: syntax error, unexpected mark"; found nft 0.9.0 on Linux ${release()}; wanted nft 1.0.6 or later and Linux 5.10 or later: upgrade the package nftables, or the kernel`,
  );
});
