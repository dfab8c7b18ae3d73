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
