import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { type Cidr, parseCidr } from '../../lib/cidr.ts';
import type { Exec } from '../../lib/exec.ts';
import { createManualClock } from '../../lib/manual-clock.ts';
import { seededRandom } from '../../lib/random.ts';
import { FakeHost } from '../../nft/fake-host.ts';
import { at, serviceOf, sliceOf } from '../../service/resolve-fixture.ts';
import { Planner } from '../planner.ts';
import { answerProbes, type ProbeRouteOptions } from './probe-route.ts';

const network = {
  node: 'a',
  nodeAddresses: ['172.30.0.2'],
  podCidrs: [parseCidr('10.244.0.0/24') as Cidr],
  serviceCidrs: [parseCidr('10.96.0.0/16') as Cidr],
};

const noExec: Exec = () => Promise.resolve({ code: 1, stdout: '', stderr: 'nsenter: no such pod\nmore' });

const optionsOf = (options: Partial<ProbeRouteOptions> = {}): ProbeRouteOptions => ({
  // Stands still: what happens decides, not how long it takes.
  clock: createManualClock(),
  random: seededRandom(1),
  exec: noExec,
  rules: undefined,
  podNetwork: () => Promise.resolve('/proc/7/ns/net'),
  probeCommand: ['node', 'probe-program.ts'],
  ...options,
});

/** A node with Service default/web in its kernel, which is a fake. */
async function nodeWithRules() {
  const planner = new Planner({ network, families: ['IPv4'] });
  planner.set('default/web', serviceOf(), [sliceOf([at('10.244.0.2', 'a')])]);
  const nft = new FakeHost({
    clock: createManualClock(),
    random: seededRandom(1),
    addresses: network.nodeAddresses,
    addressToward: () => '172.30.0.2',
  });
  for (const { table, operations } of planner.takeAll()) await nft.apply(table, operations);
  const rules = { current: () => ({ planner, network }), settled: () => Promise.resolve(), nft };
  return { nft, options: optionsOf({ rules }) };
}

const trace = {
  type: 'trace',
  service: 'default/web',
  protocol: 'TCP',
  source: '10.244.0.9',
  destination: '10.96.0.20',
  port: 80,
};

const outcomesOf = async (body: unknown, options: ProbeRouteOptions) => {
  const { status, json } = await answerProbes(body, options);
  assert.equal(status, 200);
  assert.ok('outcomes' in json);
  return json.outcomes;
};

test('the rules are in the kernel', async () => {
  const { options } = await nodeWithRules();
  const sentence = 'forward: service default/web:80 sends it to 10.244.0.2:8080';
  for (const source of ['10.244.0.9', ''])
    assert.deepEqual(await outcomesOf({ probes: [{ ...trace, source }] }, options), [
      { type: 'trace', sentence, missing: [] },
    ]);
});

test('somebody took an element away', async () => {
  const { nft, options } = await nodeWithRules();
  const key = '10.96.0.20 . tcp . 80';
  const elements = [[key, 'goto vip-dispatch-1']] as const;
  await nft.apply({ family: 'ip', name: 'wherry' }, [
    { type: 'deleteElements', set: 'vip-services', elements },
  ]);
  const [outcome] = await outcomesOf({ probes: [trace] }, options);
  assert.ok(outcome?.type === 'trace');
  assert.deepEqual(outcome.missing, [`vip-services: ${key} -> goto vip-dispatch-1`]);
});

test('somebody took the whole table away', async () => {
  const { nft, options } = await nodeWithRules();
  await nft.apply({ family: 'ip', name: 'wherry' }, [{ type: 'destroyTable' }]);
  const [outcome] = await outcomesOf({ probes: [trace] }, options);
  assert.ok(outcome?.type === 'trace');
  assert.equal(outcome.missing[0], 'table wherry');
});

test('a Service that the proxy does not know', async () => {
  const { options } = await nodeWithRules();
  const [outcome] = await outcomesOf({ probes: [{ ...trace, service: 'default/other' }] }, options);
  assert.ok(outcome?.type === 'trace');
  assert.deepEqual(outcome.missing, ['Service default/other']);
});

test('without rules', async () => {
  const begun = optionsOf({
    rules: { current: () => undefined, settled: () => Promise.resolve(), nft: (await nodeWithRules()).nft },
  });
  assert.deepEqual(
    [
      ...(await outcomesOf({ probes: [trace] }, optionsOf())),
      ...(await outcomesOf({ probes: [trace] }, begun)),
    ],
    [
      { type: 'failed', why: 'a process forwards on this node, not the kernel' },
      { type: 'failed', why: 'the proxy of this node has not begun yet' },
    ],
  );
});

test('a connection from the node, asked for in bytes', async (context) => {
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const body = Buffer.from(
    JSON.stringify({ probes: [{ type: 'dial', protocol: 'TCP', address: '127.0.0.1', port }] }),
  );
  assert.deepEqual(await outcomesOf(body, optionsOf()), [{ type: 'dial', result: 'closed' }]);
});

const pod = { namespace: 'default', name: 'shell' };
const dial = { type: 'dial', protocol: 'TCP', address: '10.96.0.20', port: 80 };

test('from inside a pod', async () => {
  const calls: unknown[] = [];
  const outcomes = [{ type: 'dial', result: 'refused' }];
  const exec: Exec = async (command, args, options) => {
    calls.push([command, args, options?.input]);
    return { code: 0, stdout: JSON.stringify({ outcomes }), stderr: '' };
  };
  assert.deepEqual(await outcomesOf({ probes: [dial], pod }, optionsOf({ exec })), outcomes);
  assert.deepEqual(calls, [
    [
      'nsenter',
      ['--net=/proc/7/ns/net', '--', 'node', 'probe-program.ts'],
      JSON.stringify({ probes: [dial] }),
    ],
  ]);
});

test('from inside a pod that is not there, or cannot be entered', async () => {
  const gone = optionsOf({ podNetwork: () => Promise.resolve(undefined) });
  const strange = optionsOf({ exec: async () => ({ code: 0, stdout: '{"outcomes":[]}', stderr: '' }) });
  const said = await Promise.all(
    [gone, optionsOf(), strange].map((options) => outcomesOf({ probes: [dial], pod }, options)),
  );
  assert.deepEqual(said.flat(), [
    { type: 'failed', why: 'pod default/shell does not run on this node' },
    { type: 'failed', why: 'nothing could be tried from inside pod default/shell: nsenter: no such pod' },
    { type: 'failed', why: 'nothing could be tried from inside pod default/shell: exit code 0' },
  ]);
});

const refused: Record<string, unknown> = {
  'no JSON': '{',
  'no object': [],
  'no probes': {},
  'too many': { probes: Array(101).fill({ type: 'sockets' }) },
  'a name to dial': { probes: [{ ...dial, address: 'example.com' }] },
  'a port too high': { probes: [{ ...dial, port: 65_536 }] },
  'another type': { probes: [{ type: 'exec', command: ['sh'] }] },
  'another record': { probes: [{ type: 'resolve', server: '10.96.0.10', name: 'a', record: 'ANY' }] },
  'a pod without a name': { probes: [dial], pod: { namespace: 'default' } },
};

for (const [name, body] of Object.entries(refused))
  test(`refused: ${name}`, async () => {
    const { status } = await answerProbes(body, optionsOf());
    assert.equal(status, 400);
  });
