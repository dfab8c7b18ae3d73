/** What the commands are started with that make a cluster. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { bridgeLines, cableLines, nodeLines, routeLines } from './network.ts';
import { agentArguments } from './nodes.ts';
import { serverArguments } from './server.ts';
import { loopbackSettings, type NodePlace, nodePlaces, usualSettings } from './settings.ts';

const settings = usualSettings('lab');
const places = nodePlaces(settings, '/srv/lab');
const second = places[1] as NodePlace;

test('the network is a bridge, a cable to each node, and routes by the first', () => {
  assert.deepEqual(
    [
      ...bridgeLines(settings),
      ...cableLines(settings, second, true),
      ...nodeLines(settings, second),
      ...routeLines(settings, places),
    ],
    [
      'link add wherry0 type bridge',
      'address add 172.30.0.1/24 dev wherry0',
      'link set wherry0 up',
      'link delete wherry0-2',
      'link add wherry0-2 type veth peer name eth0 netns wherry-lab-node-2',
      'link set wherry0-2 master wherry0 up',
      'address add 172.30.0.3/24 dev eth0',
      'link set eth0 up',
      'route replace 10.244.0.0/16 via 172.30.0.2 dev wherry0',
      'route replace 10.96.0.0/16 via 172.30.0.2 dev wherry0',
    ],
  );
});

test('the server listens for this machine and for its nodes', () => {
  assert.equal(
    serverArguments(settings, '/srv/lab').join(' '),
    'server --data-dir /srv/lab --log-file /srv/lab/server.log --port 6443 ' +
      '--bind-address 127.0.0.1,172.30.0.1 --advertise-address 172.30.0.1 ' +
      '--service-cidr 10.96.0.0/16 --cluster-cidr 10.244.0.0/16 --load-balancer-pool 172.30.0.200-172.30.0.250 ' +
      '--registry-relay /srv/lab/registry-relay.sock',
  );
  const local = serverArguments({ ...settings, localRegistries: true }, '/srv/lab');
  assert.deepEqual(local, [...serverArguments(settings, '/srv/lab'), '--registry-relay-local']);
  assert.equal(
    serverArguments(loopbackSettings('lab'), '/srv/lab').join(' '),
    'server --data-dir /srv/lab --log-file /srv/lab/server.log --port 6443 --loopback ' +
      '--service-cidr 127.96.0.0/16 --cluster-cidr 127.244.0.0/16 --node-cidr 127.30.0.0/24 ' +
      '--load-balancer-pool 127.30.0.200-127.30.0.250 --simulated-nodes 2',
  );
});

test('an agent runs in its namespace, with the token in a file', () => {
  const [enter, program = '', ...rest] = agentArguments(settings, second, '/srv/lab');
  assert.equal(enter, '--net=/run/netns/wherry-lab-node-2');
  assert.equal(path.basename(program), 'wherry');
  assert.equal(
    rest.join(' '),
    'agent --server https://172.30.0.1:6443 --token-file /srv/lab/join-token --node-name node-2 ' +
      '--node-ip 172.30.0.3 --data-dir /srv/lab/nodes/node-2 --log-file /srv/lab/nodes/node-2/agent.log ' +
      '--cgroup-root /wherry-lab-node-2 ' +
      '--image-folder /srv/lab/images --registry-relay /srv/lab/registry-relay.sock ' +
      '--eviction-hard memory.available<100Mi,nodefs.available<300Mi,imagefs.available<300Mi',
  );
});
