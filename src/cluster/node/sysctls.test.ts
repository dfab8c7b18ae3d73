import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { nodeSysctls, setSysctls } from './sysctls.ts';

describe("the kernel's settings", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), 'wherry-sysctl-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  async function have(values: Record<string, string>): Promise<void> {
    for (const [name, value] of Object.entries(values)) {
      await mkdir(path.dirname(path.join(root, name)), { recursive: true });
      await writeFile(path.join(root, name), `${value}\n`);
    }
  }
  const settingOf = async (name: string) => (await readFile(path.join(root, name), 'utf8')).trim();

  test('strict filtering becomes loose, any other stays; what the kernel does not have is left', async () => {
    await have({
      'net/ipv4/ip_forward': '0',
      'net/ipv4/conf/all/rp_filter': '1',
      'net/ipv4/conf/default/rp_filter': '0',
      'net/ipv4/conf/eth0/arp_notify': '0',
    });
    await setSysctls(nodeSysctls('eth0', ['IPv4']), root);
    const names = [
      'net/ipv4/ip_forward',
      'net/ipv4/conf/all/rp_filter',
      'net/ipv4/conf/default/rp_filter',
      'net/ipv4/conf/eth0/arp_notify',
    ];
    assert.deepEqual(await Promise.all(names.map(settingOf)), ['1', '2', '0', '1']);
    await assert.rejects(settingOf('net/bridge/bridge-nf-call-iptables'), { code: 'ENOENT' });
  });

  test('connections are tracked for as long as kube-proxy has them tracked', async () => {
    const times = {
      'net/netfilter/nf_conntrack_tcp_timeout_close_wait': '60',
      'net/netfilter/nf_conntrack_tcp_timeout_established': '432000',
    };
    await have({ 'net/ipv4/ip_forward': '1', ...times });
    await setSysctls(nodeSysctls(undefined, ['IPv4']), root);
    assert.deepEqual(await Promise.all(Object.keys(times).map(settingOf)), ['3600', '86400']);
  });

  test('one that cannot be set says which, why, and what to do', async () => {
    const wanted = [{ name: 'net/ipv4/ip_forward', value: '1' }];
    await assert.rejects(setSysctls(wanted, root), {
      code: 'SYSCTL_REFUSED',
      message:
        /^cannot set net\.ipv4\.ip_forward to 1: ENOENT.*; a node needs it: run as root, .* sysctl -w net\.ipv4\.ip_forward=1$/,
    });
  });
});
