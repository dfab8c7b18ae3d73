/**
 * Announcing with real packets: two nodes and a client on one switch. Where the client sends packets for a load
 * balancer's address is what its neighbour table says.
 */
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Exec, exec } from '../../src/lib/exec.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { systemClock } from '../../src/lib/system.ts';
import { startAnnouncer } from '../../src/loadbalancer/announcer.ts';
import { type Links, machineLinks } from '../../src/loadbalancer/links.ts';
import { startTestWorld, type TestWorld } from '../client/world.ts';
import { whyNoNamespaces } from './namespace.ts';
import { addressOf, Network, type NodeName } from './network.ts';

const skip = whyNoNamespaces();
const addresses = ['172.30.0.207', 'fd00:30::207'];

/** Commands in a host's network. */
const execIn =
  (network: Network, host: NodeName | 'outside'): Exec =>
  (command, args, options) => {
    const [program = '', ...prefix] = network.places[host].prefix;
    return exec(program, [...prefix, command, ...args], options);
  };

interface ListedNeighbour {
  readonly dst: string;
  readonly lladdr?: string;
}

describe('announcing', { skip, timeout: 120_000 }, () => {
  let network: Network;
  let world: TestWorld;
  const stopping = new AbortController();
  const links = {} as Record<NodeName, Links>;
  const hardware = {} as Record<NodeName, string>;

  const announcerOf = (node: NodeName): void => {
    const { informers, recorder } = world;
    startAnnouncer({
      ...{ informers, recorder, nodeName: node, links: links[node] },
      nodeAddresses: [addressOf(node, 'IPv4'), addressOf(node, 'IPv6')],
      ...{
        clock: systemClock,
        log: silentLogger,
        signal: stopping.signal,
      },
    });
  };

  const setReady = async (name: NodeName, status: string): Promise<void> => {
    const node = await world.client.of('Node').get({ name });
    const conditions = [{ type: 'Ready', status }];
    await world.client.of('Node').updateStatus({ ...node, status: { ...node.status, conditions } });
  };

  before(async () => {
    network = await Network.make();
    world = await startTestWorld();
    for (const node of ['a', 'b'] as const) {
      links[node] = machineLinks(execIn(network, node));
      const { stdout } = await execIn(network, node)('ip', ['-json', 'link', 'show', 'eth0']);
      hardware[node] = (JSON.parse(stdout) as { address: string }[])[0]!.address;
      const conditions = [{ type: 'Ready', status: 'True' }];
      await world.client.of('Node').create({ metadata: { name: node }, status: { conditions } });
    }
  });

  after(async () => {
    stopping.abort();
    network?.close();
    await world?.close();
  });

  /** Asks for the addresses as a client does, which fills its table. One question may come before there is an answer. */
  const knock = (): Promise<unknown> =>
    Promise.all(
      addresses.map((address) =>
        network.places.outside.send({ type: 'ask', protocol: 'tcp', address, port: 9, milliseconds: 500 }),
      ),
    );

  const neighbours = async (): Promise<Record<string, string | undefined>> => {
    const { stdout } = await execIn(network, 'outside')('ip', ['-json', 'neighbour', 'show']);
    const all = JSON.parse(stdout === '' ? '[]' : stdout) as ListedNeighbour[];
    return Object.fromEntries(
      addresses.map((address) => [address, all.find(({ dst }) => dst === address)?.lladdr]),
    );
  };

  const untilFoundAt = async (node: NodeName): Promise<void> => {
    const isFound = async () => {
      const found = await neighbours();
      return addresses.every((address) => found[address] === hardware[node]);
    };
    do await knock();
    while (!(await isFound()));
  };

  /** Without asking for the addresses any more: the nodes have to tell. */
  const untilAt = async (node: NodeName): Promise<void> => {
    for (;;) {
      const found = await neighbours();
      if (addresses.every((address) => found[address] === hardware[node])) return;
      await wait(20);
    }
  };

  const announcedBy = async (node: NodeName): Promise<string> =>
    (await links[node].read())
      .flatMap(({ announced }) => announced)
      .sort()
      .join();

  const untilAnnounced = async (node: NodeName, expected: readonly string[]): Promise<void> => {
    while ((await announcedBy(node)) !== [...expected].sort().join()) await wait(20);
  };

  test('the client finds the elected node, the other after it has failed, and the first when it is back', async () => {
    // In which of them it begins is the hash's choice.
    announcerOf('a');
    announcerOf('b');
    await world.client.of('Service').create({
      metadata: { name: 'web', namespace: 'default' },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    });
    const service = await world.client.of('Service').get({ namespace: 'default', name: 'web' });
    const ingress = addresses.map((ip) => ({ ip }));
    await world.client.of('Service').updateStatus({ ...service, status: { loadBalancer: { ingress } } });
    while ((await announcedBy('a')) === '' && (await announcedBy('b')) === '') await wait(20);
    const first = (await announcedBy('a')) === '' ? 'b' : 'a';
    const second = first === 'a' ? 'b' : 'a';
    await untilFoundAt(first);

    await setReady(first, 'Unknown');
    await untilAnnounced(second, addresses);
    await untilAt(second);
    await untilAnnounced(first, []);

    await setReady(first, 'True');
    await untilAnnounced(first, addresses);
    await untilAt(first);
    await untilAnnounced(second, []);

    await world.client.of('Service').delete({ namespace: 'default', name: 'web' });
    await untilAnnounced(first, []);
  });
});
