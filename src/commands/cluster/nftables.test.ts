import assert from 'node:assert/strict';
import { release } from 'node:os';
import { test } from 'node:test';
import type { Exec } from '../../lib/exec.ts';
import { whyNoNftables } from './nftables.ts';

const version = 'nftables v0.9.0 (Fearless Fosdick)\n';

const answering =
  (trial: { code: number; stderr: string }): Exec =>
  async (_, [first]) =>
    first === '--version' ? { code: 0, stdout: version, stderr: '' } : { ...trial, stdout: '{}' };

test('nothing is said where the trial is taken', async () => {
  assert.deepEqual(await whyNoNftables(answering({ code: 0, stderr: '' })), []);
});

test('a refusal is told in one line, with what was tried, found and is wanted', async () => {
  const stderr = '/dev/stdin:2:5-5: Error: syntax error, unexpected mark\nmap m\n';
  assert.deepEqual(await whyNoNftables(answering({ code: 1, stderr })), [
    `nft cannot make the rules that Services take. Tried: a trial of each kind of rule (nft -c -f -, which changes nothing); it said: syntax error, unexpected mark, of "map m". Found: nft 0.9.0 on Linux ${release()}. Wanted: nft 1.0.6 or later, built with JSON, and Linux 5.10 or later with nf_tables, NAT and conntrack. Upgrade the package nftables`,
  ]);
});

test('what is no word about nftables goes on', async () => {
  const broken = new Error('broken');
  await assert.rejects(
    whyNoNftables(() => Promise.reject(broken)),
    broken,
  );
});
