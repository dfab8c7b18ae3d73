import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MachineFacts } from '../../cluster/node/machine-facts.ts';
import type { Node } from '../../kinds/generated/types.ts';
import { defaultThresholds } from '../../kubelet/eviction/signals.ts';
import { silentLogger } from '../../lib/log.ts';
import { nodeAddressesOf, resourcesOf } from './identity.ts';
import { type AgentOptions, checkAgentOptions, type RawAgentOptions } from './options.ts';
import { Repeating, untilDone } from './retry.ts';
import { wantedRoutes } from './routes.ts';

const usual: RawAgentOptions = {
  server: 'https://172.30.0.1:6443',
  nodeName: 'node-1.example',
  dataDir: '/srv/node/',
  proxyMode: 'nftables',
  bridge: 'cni0',
  port: '10250',
  clusterDomain: 'cluster.local',
  maxPods: '110',
};

describe("the agent's options", () => {
  test('what is not given', () => {
    assert.deepEqual(checkAgentOptions(usual), {
      server: 'https://172.30.0.1:6443',
      token: undefined,
      tokenFile: undefined,
      logFile: undefined,
      imageDirectory: undefined,
      registryRelay: undefined,
      nodeName: 'node-1.example',
      nodeAddresses: [],
      nodeLabels: {},
      dataDirectory: '/srv/node',
      runtimeSocket: undefined,
      cniConfigDirectory: undefined,
      proxyMode: 'nftables',
      cgroupRoot: '/wherry-node-1-example',
      bridge: 'cni0',
      port: 10250,
      clusterDns: undefined,
      clusterDomain: 'cluster.local',
      maxPods: 110,
      staticPodDirectory: undefined,
      evictionThresholds: defaultThresholds,
      shutdownSeconds: 0,
      shutdownCriticalSeconds: 0,
      stopsContainerd: false,
    } satisfies AgentOptions);
  });

  test('lists and sockets', () => {
    const raw = {
      ...usual,
      nodeIp: '172.30.0.2, fd00::2',
      nodeLabels: 'zone=east,__proto__=data',
      containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
      clusterDns: '10.96.0.10',
    };
    const options = checkAgentOptions(raw);
    assert.deepEqual(options.nodeAddresses, ['172.30.0.2', 'fd00::2']);
    assert.deepEqual(Object.entries(options.nodeLabels), [
      ['zone', 'east'],
      ['__proto__', 'data'],
    ]);
    assert.equal(options.runtimeSocket, '/run/containerd/containerd.sock');
    assert.equal(options.cniConfigDirectory, '/etc/cni/net.d');
    assert.deepEqual(options.clusterDns, ['10.96.0.10']);
  });

  const refused: Record<string, [Partial<RawAgentOptions>, RegExp]> = {
    'no server': [{ server: undefined }, /^--server is not given; wanted is where the API server is/],
    'a server without TLS': [{ server: 'http://a:1' }, /^--server is "http:\/\/a:1"; wanted is/],
    'a name that no Node has': [{ nodeName: 'Node_1' }, /^--node-name is "Node_1"; wanted is/],
    'an address that is none': [{ nodeIp: 'here' }, /^--node-ip is "here"; wanted is an IP address/],
    'a label without value': [{ nodeLabels: 'zone' }, /^--node-labels has "zone"; wanted is name=value/],
    'a folder that depends on where it is started': [{ dataDir: 'node' }, /^--data-dir is "node"; wanted is/],
    'every process as its cgroup': [{ cgroupRoot: '/' }, /^--cgroup-root is "\/"; wanted is/],
    'a bridge with too long a name': [{ bridge: 'a-bridge-of-sixteen' }, /^--bridge is /],
    'a socket that is none': [{ containerRuntimeEndpoint: 'tcp://a' }, /^--container-runtime-endpoint is/],
    'another proxy': [{ proxyMode: 'ipvs' }, /^--proxy-mode is "ipvs"; wanted is nftables or userspace/],
    'no pods': [{ maxPods: '0' }, /^--max-pods is "0"; wanted is a number from 1 to 1024/],
    'no port': [{ port: '0' }, /^--port is "0"; wanted is a number from 1 to 65535/],
  };
  for (const [name, [change, message]] of Object.entries(refused))
    test(`refuses ${name}`, () =>
      assert.throws(() => checkAgentOptions({ ...usual, ...change }), { code: 'USAGE', message }));
});

describe('what a node offers', () => {
  const facts: MachineFacts = {
    ...{ architecture: 'amd64', kernelVersion: '6', osImage: 'Debian', bootID: 'b' },
    ...{ machineID: 'm', systemUUID: 's', swapBytes: 0 },
    milliCpu: 1500,
    memoryBytes: 8 * 2 ** 30,
    ephemeralStorageBytes: 1000 * 2 ** 20,
    hugePages: { 'hugepages-2Mi': 4 * 2 ** 20 },
  };

  test('what the kubelet keeps free is not for pods', () => {
    const { capacity, allocatable } = resourcesOf(facts, 110);
    assert.deepEqual(capacity, {
      cpu: '1500m',
      'hugepages-2Mi': '4194304',
      pods: '110',
      'ephemeral-storage': '1024000Ki',
      memory: '8388608Ki',
    });
    assert.deepEqual(allocatable, {
      ...capacity,
      'ephemeral-storage': '943718400',
      memory: `${8 * 2 ** 20 - 4 * 1024 - 100 * 1024}Ki`,
    });
  });

  test('an address that only the machine itself reaches is none', async () => {
    const options = checkAgentOptions({ ...usual, server: 'https://127.0.0.1:6443' });
    await assert.rejects(nodeAddressesOf(options), {
      code: 'NO_NODE_ADDRESS',
      message: /reached over loopback \(127\.0\.0\.1\).*; give --node-ip$/,
    });
    assert.deepEqual(await nodeAddressesOf({ ...options, nodeAddresses: ['172.30.0.2'] }), ['172.30.0.2']);
  });
});

describe('routes', () => {
  const node = (name: string, podCIDRs: string[], ...addresses: string[]): Node => ({
    metadata: { name },
    spec: { podCIDRs },
    status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) },
  });
  const situation = {
    nodeName: 'a',
    nodes: [
      node('a', ['10.244.0.0/24', 'fd00:244::/64'], '172.30.0.2', 'fd00:30::2'),
      node('b', ['10.244.1.0/24', 'fd00:244:0:1::/64'], '172.30.0.3', 'fd00:30::3'),
      node('new', [], '172.30.0.4'),
      node('unknown', ['10.244.2.0/24']),
    ],
    serviceCidrs: [{ metadata: { name: 'kubernetes' }, spec: { cidrs: ['10.96.0.0/16', 'fd00:96::/112'] } }],
    device: 'eth0',
  };

  test('to the pods of others by their nodes, of the families that this node has', () => {
    const routes = wantedRoutes({ ...situation, families: ['IPv4'], isUserspace: false });
    assert.deepEqual(routes, [
      { destination: '10.244.1.0/24', gateway: '172.30.0.3' },
      { destination: '10.96.0.0/16', device: 'eth0' },
    ]);
    const both = wantedRoutes({ ...situation, families: ['IPv4', 'IPv6'], isUserspace: false });
    assert.deepEqual(both.slice(0, 2), [
      { destination: '10.244.1.0/24', gateway: '172.30.0.3' },
      { destination: 'fd00:244:0:1::/64', gateway: 'fd00:30::3' },
    ]);
  });

  test('Services are the own ones of a node whose process listens for them', () => {
    const routes = wantedRoutes({ ...situation, nodes: [], families: ['IPv4'], isUserspace: true });
    assert.deepEqual(routes, [{ destination: '10.96.0.0/16', device: 'lo', isLocal: true }]);
  });
});

describe('what fails is tried again', () => {
  test('until it succeeds, and each failure is told', async () => {
    const told: string[] = [];
    let left = 1;
    const task = async () => {
      if (left-- > 0) throw new Error('not yet');
      return 'done';
    };
    const { signal } = new AbortController();
    const onFailure = ({ message }: Error) => void told.push(message);
    assert.equal(await untilDone('it', task, { log: silentLogger, signal, onFailure }), 'done');
    assert.deepEqual(told, ['not yet']);
  });

  test('not after the end', async () => {
    const stopping = new AbortController();
    const task = async () => {
      stopping.abort();
      throw new Error('no');
    };
    assert.equal(await untilDone('it', task, { log: silentLogger, signal: stopping.signal }), undefined);
  });

  test('calls that come while it is at work are one more turn', async () => {
    const { signal } = new AbortController();
    let turns = 0;
    let release = () => {};
    const repeating = new Repeating(
      'it',
      async () => {
        turns++;
        if (turns === 1) await new Promise<void>((resolve) => (release = resolve));
      },
      { log: silentLogger, signal },
    );
    for (let call = 0; call < 5; call++) repeating.trigger();
    await new Promise((resolve) => setImmediate(resolve));
    for (let call = 0; call < 5; call++) repeating.trigger();
    release();
    await repeating.settled();
    assert.equal(turns, 2);
  });
});
