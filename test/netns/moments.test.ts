/**
 * Connections while the endpoints of their Service change as fast as the kernel takes it: each arrives, also the one
 * that is looked at in the moment of a change. Thousands of changes, since the moment is some ten nanoseconds long;
 * with one look at each connection, twenty of 90,000 were refused.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { Service } from '../../src/kinds/generated/types.ts';
import { parseCidr } from '../../src/lib/cidr.ts';
import { exec } from '../../src/lib/exec.ts';
import { kernelNft } from '../../src/nft/nft.ts';
import { renderOperations } from '../../src/nft/render.ts';
import { Planner } from '../../src/proxy/planner.ts';
import { at, sliceOf, up } from '../../src/service/resolve-fixture.ts';
import type { Connected } from './connector.ts';
import { Namespace, whyNoNamespaces } from './namespace.ts';

const changes = 4000;
/** So many endpoints, one after the other, again and again: chains come and go, slots as well. */
const counts = [3, 4, 5, 4, 3, 2];
const addresses = ['10.1.0.1', '10.1.0.2', '10.1.0.3', '10.1.0.4', '10.1.0.5'];
const clusterIP = '10.96.0.1';
const port = { name: 'http', port: 80, protocol: 'TCP' } as const;
const podPort = 8080;

const service: Service = {
  metadata: { name: 'web', namespace: 'default' },
  spec: { type: 'ClusterIP', clusterIP, clusterIPs: [clusterIP], ipFamilies: ['IPv4'], ports: [port] },
};

const cidr = (text: string) => parseCidr(text)!;

function makePlanner(): Planner {
  const podCidrs = [cidr('10.1.0.0/24')];
  const network = { node: 'a', nodeAddresses: [], podCidrs, serviceCidrs: [cidr('10.96.0.0/16')] };
  return new Planner({ families: ['IPv4'], network });
}

function setEndpoints(planner: Planner, count: number): void {
  const endpoints = addresses.slice(0, count).map((address) => at(address, 'a', { conditions: up }));
  planner.set('default/web', service, [sliceOf(endpoints)]);
}

/** A transaction in a line, for `nft -i`: a process for each would be a hundred times slower. */
function nextLine(planner: Planner): string {
  const [table] = planner.tables();
  const lines = planner.take().flatMap(({ operations }) => renderOperations(operations, table!).split('\n'));
  return `${lines.filter((line) => line !== '').join('; ')}\n`;
}

const finished = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null) await once(child, 'exit');
};

async function prepare({ prefix }: Namespace): Promise<void> {
  const lines = [
    'link set lo up',
    ...addresses.map((address) => `address add ${address}/32 dev lo`),
    `route add 10.96.0.0/16 dev lo src ${addresses[0]}`,
  ];
  const [program = '', ...rest] = [...prefix, 'ip', '-batch', '-'];
  const { code, stderr } = await exec(program, rest, { input: `${lines.join('\n')}\n` });
  assert.equal(code, 0, stderr);
}

test('connections in the moment of a change', { skip: whyNoNamespaces(), timeout: 300_000 }, async () => {
  const namespace = await Namespace.make();
  const children: ChildProcess[] = [];
  const start = (...command: string[]) => {
    const [program = '', ...rest] = [...namespace.prefix, ...command];
    // `nft -i` writes a history into its home.
    const env = { PATH: process.env.PATH, HOME: '/nonexistent' };
    const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'], env });
    children.push(child);
    return child;
  };
  try {
    await prepare(namespace);
    for (const address of addresses)
      await namespace.do({
        type: 'listen',
        protocol: 'tcp',
        addresses: [address],
        port: podPort,
        name: address,
      });
    const planner = makePlanner();
    setEndpoints(planner, 2);
    const nft = kernelNft(exec, namespace.prefix);
    for (const { table, operations } of planner.takeAll()) await nft.apply(table, operations);

    const connector = start(
      process.execPath,
      path.join(import.meta.dirname, 'connector.ts'),
      clusterIP,
      '80',
    );
    const told = createInterface({ input: connector.stdout! })[Symbol.asyncIterator]();
    await told.next();

    const changing = start('nft', '-i');
    changing.stdout!.resume();
    let complaints = '';
    changing.stderr!.on('data', (text: Buffer) => {
      complaints += text;
    });
    for (let change = 0; change < changes; change++) {
      setEndpoints(planner, counts[change % counts.length]!);
      if (!changing.stdin!.write(nextLine(planner))) await once(changing.stdin!, 'drain');
    }
    changing.stdin!.end();
    await finished(changing);
    connector.stdin!.end();
    const { connections, errors } = JSON.parse((await told.next()).value as string) as Connected;

    assert.equal(complaints, '');
    const wanted = counts[(changes - 1) % counts.length];
    const reading = await nft.read({ family: 'ip', name: 'wherry' });
    assert.deepEqual(
      [...(reading?.sets.get('vip-services') ?? [])],
      [[`${clusterIP} . tcp . 80`, `goto vip-dispatch-${wanted}`]],
    );
    assert.deepEqual(errors, [], `of ${connections} connections`);
    assert.ok(connections > changes, `${connections} connections`);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    namespace.close();
  }
});
