import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { clashesWith, isPortTaken, missingPackages } from './checks.ts';
import { usualSettings } from './settings.ts';

const nothing = { routes: [], addresses: [] };
const settings = usualSettings('default');

test('ranges that the machine has in use are told, with where', () => {
  assert.deepEqual(clashesWith(settings, nothing), []);
  const addresses = [
    { ifname: 'eth0', addr_info: [{ family: 'inet', local: '172.30.0.77', prefixlen: 24 }] },
    { ifname: 'eth1', addr_info: [{ family: 'inet6', local: 'fd00::1', prefixlen: 64 }] },
  ];
  const routes = [
    { dst: 'default', dev: 'eth0' },
    { dst: '10.0.0.0/8', dev: 'tun0' },
    { dst: '192.0.2.7', dev: 'eth0' },
  ];
  assert.deepEqual(clashesWith(settings, { routes, addresses }), [
    '--node-cidr 172.30.0.0/24: this machine has the address 172.30.0.77 on eth0',
    '--pod-cidr 10.244.0.0/16: this machine has the route to 10.0.0.0/8 on tun0',
    '--service-cidr 10.96.0.0/16: this machine has the route to 10.0.0.0/8 on tun0',
  ]);
});

test("the cluster's own bridge is in nobody's way", () => {
  const routes = [{ dst: '10.244.0.0/16', dev: 'wherry0' }];
  const addresses = [{ ifname: 'wherry0', addr_info: [{ family: 'inet', local: '172.30.0.1' }] }];
  assert.deepEqual(clashesWith(settings, { routes, addresses }), []);
});

test('a port is taken while somebody listens there', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  assert.equal(await isPortTaken(port), true);
  await new Promise((resolve) => server.close(resolve));
  assert.equal(await isPortTaken(port), false);
});

test('what is missing is told by package', () => {
  const missing = missingPackages(['/nowhere']);
  assert.deepEqual(missing.get('containerd'), ['containerd', 'ctr', 'containerd-shim-runc-v2']);
  assert.deepEqual(missing.get('busybox-static'), ['busybox']);
});
