import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cniConfigList, containerdConfig } from './containerd-config.ts';

test("containerd's configuration keeps everything in the node's folder", () => {
  const options = { folder: '/srv/a "node"', sandboxImage: 'wherry.local/pause:1', mayLowerOomScore: false };
  const lines = containerdConfig(options)
    .split('\n')
    .filter((line) => /= "\/srv|sandbox_image|restrict_oom|BinaryName|^version/.test(line));
  assert.deepEqual(lines, [
    'version = 2',
    'root = "/srv/a \\"node\\"/root"',
    'state = "/srv/a \\"node\\"/state"',
    'address = "/srv/a \\"node\\"/containerd.sock"',
    'address = "/srv/a \\"node\\"/containerd.sock.ttrpc"',
    'sandbox_image = "wherry.local/pause:1"',
    'restrict_oom_score_adj = true',
    'BinaryName = "runc"',
    'config_path = "/srv/a \\"node\\"/certs.d"',
    'conf_dir = "/srv/a \\"node\\"/cni"',
  ]);
  const able = containerdConfig({ ...options, mayLowerOomScore: true });
  assert.match(able, /^restrict_oom_score_adj = false$/m);
});

test("the pods' network: a bridge with addresses from the subnet, and host ports", () => {
  const list = cniConfigList('/srv/n', { name: 'wherry-n', subnet: '10.244.3.0/24', bridge: 'cni0' });
  assert.deepEqual(JSON.parse(list), {
    cniVersion: '0.4.0',
    name: 'wherry-n',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        hairpinMode: true,
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: '/srv/n/cni-data',
          ranges: [[{ subnet: '10.244.3.0/24' }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
    ],
  });
});

test("a network of both families, as wide as the node's own interface", () => {
  const subnet = ['10.244.3.0/24', 'fd00:244:0:3::/64'];
  const list = cniConfigList('/srv/n', { name: 'wherry-n', subnet, bridge: 'cni0', mtu: 1450 });
  const [bridge] = (JSON.parse(list) as { plugins: Record<string, unknown>[] }).plugins;
  assert.equal(bridge?.mtu, 1450);
  assert.deepEqual(bridge?.ipam, {
    type: 'host-local',
    dataDir: '/srv/n/cni-data',
    ranges: [[{ subnet: '10.244.3.0/24' }], [{ subnet: 'fd00:244:0:3::/64' }]],
    routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
  });
});
