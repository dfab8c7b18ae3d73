import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exec } from '../lib/exec.ts';
import { fakeLinks } from './fake-links.ts';
import { machineLinks } from './links.ts';

const listed = JSON.stringify([
  { ifname: 'lo', addr_info: [{ local: '127.0.0.1' }] },
  {
    ifname: 'eth0',
    addr_info: [
      { local: '172.30.0.2' },
      { local: '172.30.0.200', metric: 18291 },
      { local: '172.30.0.77', metric: 100 },
      { local: 'fd00::200', metric: 18291 },
    ],
  },
]);

/** Answers as `ip` would, and keeps what it was asked. */
function recording(code = 0): { exec: Exec; commands: string[] } {
  const commands: string[] = [];
  const exec: Exec = async (command, args, options) => {
    const input = options?.input === undefined ? '' : ` < ${options.input.trimEnd().replaceAll('\n', '; ')}`;
    commands.push(`${[command, ...args].join(' ')}${input}`);
    const stdout = command === 'ip' ? listed : '1\n';
    return { code, stdout, stderr: code === 0 ? '' : 'Operation not permitted' };
  };
  return { exec, commands };
}

test('what is there, and which of it is ours by its mark', async () => {
  assert.deepEqual(await machineLinks(recording().exec).read(), [
    { name: 'lo', addresses: ['127.0.0.1'], announced: [] },
    {
      name: 'eth0',
      addresses: ['172.30.0.2', '172.30.0.200', '172.30.0.77', 'fd00::200'],
      announced: ['172.30.0.200', 'fd00::200'],
    },
  ]);
});

test('changes are one command; what is not ours is not removed', async () => {
  const { exec, commands } = recording();
  const at = (address: string) => ({ link: 'eth0', address });
  await machineLinks(exec).change({
    add: [at('172.30.0.201'), at('fd00::201')],
    remove: [at('172.30.0.200'), at('172.30.0.77'), at('172.30.0.2')],
  });
  assert.deepEqual(commands, [
    'ip -json address show',
    'busybox sysctl -n net.ipv6.conf.eth0.accept_dad',
    'busybox sysctl -qw net.ipv6.conf.eth0.ndisc_notify=1 net.ipv6.conf.eth0.accept_dad=0',
    'ip -batch - < address del 172.30.0.200/32 dev eth0; address replace 172.30.0.201/32 dev eth0 metric 18291; address replace fd00::201/128 dev eth0 metric 18291 noprefixroute preferred_lft 0',
    'busybox sysctl -qw net.ipv6.conf.eth0.accept_dad=1',
  ]);
});

test('the neighbours are told of IPv4; of IPv6 the kernel tells', async () => {
  const { exec, commands } = recording();
  await machineLinks(exec).tell([
    { link: 'eth0', address: '172.30.0.201' },
    { link: 'eth0', address: 'fd00::201' },
  ]);
  assert.deepEqual(commands, ['busybox arping -q -U -c 1 -w 1 -I eth0 -s 172.30.0.201 172.30.0.201']);
});

test('a failure says what was tried', async () => {
  const { exec } = recording(2);
  await assert.rejects(machineLinks(exec).read(), {
    code: 'LINKS_FAILED',
    message: 'ip -json address show: Operation not permitted',
  });
});

test('the fake: what is put there is ours, and goes again', async () => {
  const links = fakeLinks({ eth0: ['172.30.0.2'] });
  const at = { link: 'eth0', address: '172.30.0.200' };
  await links.change({ add: [at], remove: [] });
  assert.deepEqual(await links.read(), [
    { name: 'eth0', addresses: ['172.30.0.2', '172.30.0.200'], announced: ['172.30.0.200'] },
  ]);
  await links.change({ add: [], remove: [at] });
  assert.deepEqual((await links.read())[0]?.announced, []);
  await assert.rejects(links.change({ add: [{ link: 'eth9', address: '172.30.0.200' }], remove: [] }), {
    code: 'LINKS_FAILED',
  });
});
