import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from 'dns-packet';
import { WherryError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { createManualClock } from '../lib/manual-clock.ts';
import { seededRandom } from '../lib/random.ts';
import { type ForeignAnswer, readForeignAnswer } from './foreign-answer.ts';
import { Forwarder } from './forwarder.ts';
import { forwardedQueriesMax, muteUpstreamMilliseconds } from './limits.ts';
import { recordsOf } from './records.ts';
import { Resolver } from './resolver.ts';
import { Responder } from './responder.ts';
import { address, foreignAnswer, query, shown, startOf, testService } from './test-kit.ts';
import type { Ask as UpstreamAsk } from './upstream.ts';
import { Zone } from './zone.ts';

const silentLog: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const first = { address: '192.0.2.53', port: 53 };
const second = { address: '192.0.2.54', port: 53 };

type Server = (name: string, ask: UpstreamAsk) => Parameters<typeof foreignAnswer>[1] | Promise<never>;

function makeWorld(servers: Record<string, Server>) {
  const clock = createManualClock();
  const asked: string[] = [];
  const forwarder = new Forwarder({
    upstreams: [first, second].filter(({ address: each }) => servers[each] !== undefined),
    clock,
    random: seededRandom(1),
    log: silentLog,
    ask: async (ask) => {
      const length = ask.query.indexOf(0, 12);
      const labels = [...ask.query.subarray(12, length)].map((byte) =>
        byte < 64 && byte !== 45 ? '.' : String.fromCharCode(byte),
      );
      const name = labels.join('').slice(1);
      asked.push(`${name}@${ask.upstream.address}`);
      const options = await servers[ask.upstream.address]!(name, ask);
      return readForeignAnswer(foreignAnswer(ask.query, options), ask.query) as ForeignAnswer;
    },
  });
  const zone = new Zone({ zone: 'cluster.local', seconds: 5 });
  const external = (name: string, externalName: string) => {
    const service = testService({ type: 'ExternalName', externalName }, { name });
    zone.replace(name, recordsOf(service, [], 'cluster.local'));
  };
  zone.replace('web', recordsOf(testService({ clusterIP: '10.96.0.5' }), [], 'cluster.local'));
  const responder = new Responder({
    zone,
    zoneName: 'cluster.local',
    seconds: 5,
    hasNamespace: () => true,
    isReady: () => true,
  });
  const resolver = new Resolver({ responder, forwarder, seconds: 5 });
  const ask = async (name: string, how: Parameters<typeof query>[1] = {}, overTcp = false) => {
    const reply = await resolver.reply(query(name, how), overTcp);
    return reply === undefined ? [] : shown(reply.message);
  };
  return { ask, asked, clock, external, forwarder, resolver };
}

const answering: Server = (name) => ({ answers: [address(name, '192.0.2.80', 60)] });
const failing: Server = () => ({ flags: 0x8182 });
const mute: Server = () => Promise.reject(new WherryError('DNS_TIMEOUT', 'no answer'));

test('another name is asked for once, and kept for its time', async () => {
  const { ask, asked, clock } = makeWorld({ [first.address]: answering });
  assert.deepEqual(await ask('example.com'), ['NOERROR rd ra', 'answer example.com 60 A 192.0.2.80']);
  clock.advance(25_000);
  assert.deepEqual(await ask('EXAMPLE.com', { edns: 1232 }), [
    'NOERROR rd ra',
    'answer example.com 35 A 192.0.2.80',
    'additional OPT 1232',
  ]);
  clock.advance(35_000);
  await ask('example.com');
  assert.deepEqual(asked, ['example.com@192.0.2.53', 'example.com@192.0.2.53']);
});

test('the same question by many at once is one question', async () => {
  const { ask, asked } = makeWorld({ [first.address]: answering });
  await Promise.all([1, 2, 3].map(() => ask('example.com')));
  assert.equal(asked.length, 1);
});

test('a denial is passed on and kept', async () => {
  const { ask, asked } = makeWorld({
    [first.address]: () => ({ flags: 0x8183, authorities: [startOf('com', { minimum: 20 })] }),
  });
  const denial = ['NXDOMAIN rd ra', 'authority com 300 SOA ns.com admin.com ... 20'];
  assert.deepEqual([await ask('none.com'), await ask('none.com')], [denial, denial]);
  assert.equal(asked.length, 1);
});

for (const [what, broken] of [
  ['fails', failing],
  ['is mute', mute],
] as const)
  test(`the next server is asked when one ${what}`, async () => {
    const { ask, asked } = makeWorld({ [first.address]: broken, [second.address]: answering });
    assert.deepEqual((await ask('example.com'))[0], 'NOERROR rd ra');
    assert.deepEqual(asked, ['example.com@192.0.2.53', 'example.com@192.0.2.54']);
  });

test('a server that is mute is asked last for a while', async () => {
  const { ask, asked, clock } = makeWorld({ [first.address]: mute, [second.address]: answering });
  await ask('a.com');
  await ask('b.com');
  clock.advance(muteUpstreamMilliseconds);
  await ask('c.com');
  assert.deepEqual(asked, [
    'a.com@192.0.2.53',
    'a.com@192.0.2.54',
    'b.com@192.0.2.54',
    'c.com@192.0.2.53',
    'c.com@192.0.2.54',
  ]);
});

test('a time to live with its highest bit set is none', async () => {
  const { ask } = makeWorld({
    [first.address]: (name) => ({ answers: [address(name, '192.0.2.80', 2 ** 31 + 60)] }),
  });
  assert.deepEqual((await ask('example.com'))[1], 'answer example.com 0 A 192.0.2.80');
});

test('nobody knows: a failure, that is not kept', async () => {
  const { ask, asked } = makeWorld({ [first.address]: mute, [second.address]: failing });
  assert.deepEqual(await ask('example.com'), ['SERVFAIL rd ra']);
  await ask('example.com');
  assert.equal(asked.length, 8);
});

test('no other servers: other names do not exist', async () => {
  const { ask } = makeWorld({});
  assert.deepEqual(await ask('example.com'), ['NXDOMAIN rd ra']);
});

test('who wants no recursion gets none', async () => {
  const { ask, asked } = makeWorld({ [first.address]: answering });
  assert.deepEqual([await ask('example.com', { recursionDesired: false }), asked], [['REFUSED ra'], []]);
});

test('questions that are out are bounded', async () => {
  let answer = () => {};
  const waiting = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const { ask, asked } = makeWorld({
    [first.address]: (async (name: string) => {
      await waiting;
      return { answers: [address(name, '192.0.2.80')] };
    }) as unknown as Server,
  });
  const all = Array.from({ length: forwardedQueriesMax }, (_, index) =>
    ask(`n${index}.example`.replace(/\d/g, (digit) => 'abcdefghij'[Number(digit)]!)),
  );
  assert.deepEqual(await ask('more.example'), ['SERVFAIL rd ra']);
  assert.equal(asked.length, forwardedQueriesMax);
  answer();
  assert.ok((await Promise.all(all)).every((lines) => lines[0] === 'NOERROR rd ra'));
});

test('an answer too long for UDP is cut between records', async () => {
  const { ask } = makeWorld({
    [first.address]: (name) => ({
      answers: Array.from({ length: 40 }, (_, index) => address(name, `192.0.2.${index}`)),
    }),
  });
  const udp = await ask('example.com');
  assert.deepEqual([udp[0], udp.length > 10 && udp.length < 41], ['NOERROR tc rd ra', true]);
  const tcp = await ask('example.com', {}, true);
  assert.deepEqual([tcp[0], tcp.length], ['NOERROR rd ra', 41]);
});

test('an ExternalName comes with what it leads to', async () => {
  const { ask, external } = makeWorld({ [first.address]: answering });
  external('db', 'db.example.com');
  assert.deepEqual(await ask('DB.default.svc.cluster.local', { edns: 1232 }), [
    'NOERROR aa rd ra',
    'answer db.default.svc.cluster.local 5 CNAME db.example.com',
    'answer db.example.com 60 A 192.0.2.80',
    'additional OPT 1232',
  ]);
});

test('an ExternalName of ExternalNames of a Service', async () => {
  const { ask, external, asked } = makeWorld({ [first.address]: answering });
  external('a', 'b.default.svc.cluster.local');
  external('b', 'web.default.svc.cluster.local');
  assert.deepEqual(await ask('a.default.svc.cluster.local'), [
    'NOERROR aa rd ra',
    'answer a.default.svc.cluster.local 5 CNAME b.default.svc.cluster.local',
    'answer b.default.svc.cluster.local 5 CNAME web.default.svc.cluster.local',
    'answer web.default.svc.cluster.local 5 A 10.96.0.5',
  ]);
  assert.deepEqual(asked, []);
});

test('an ExternalName leads to records of any type', async () => {
  const { resolver, external } = makeWorld({
    [first.address]: (name) => ({
      answers: [
        { type: 'CNAME', name, ttl: 60, data: 'mail.example.com' },
        {
          type: 'MX',
          name: 'mail.example.com',
          ttl: 60,
          data: { preference: 5, exchange: 'mx.example.com' },
        },
      ],
    }),
  });
  external('db', 'db.example.com');
  const reply = await resolver.reply(query('db.default.svc.cluster.local', { type: 'MX' }), false);
  const { answers = [] } = decode(reply!.message);
  assert.deepEqual(
    answers.map((each) => [each.name, each.type, 'data' in each && each.data]),
    [
      ['db.default.svc.cluster.local', 'CNAME', 'db.example.com'],
      ['db.example.com', 'CNAME', 'mail.example.com'],
      ['mail.example.com', 'MX', { preference: 5, exchange: 'mx.example.com' }],
    ],
  );
});

test('an ExternalName that is no name for DNS', async () => {
  const { ask, external } = makeWorld({ [first.address]: answering });
  external('db', `${'a'.repeat(64)}.example.com`);
  assert.deepEqual(await ask('db.default.svc.cluster.local'), ['SERVFAIL aa rd ra']);
});

test('ExternalNames in a circle end', async () => {
  const { ask, external } = makeWorld({});
  external('a', 'b.default.svc.cluster.local');
  external('b', 'a.default.svc.cluster.local');
  const lines = await ask('a.default.svc.cluster.local', {}, true);
  assert.equal(lines[0], 'SERVFAIL aa rd ra');
  assert.ok(lines.length < 20);
});

test('an ExternalName whose target nobody knows is still an alias', async () => {
  const alone = makeWorld({});
  alone.external('db', 'db.example.com');
  const alias = 'answer db.default.svc.cluster.local 5 CNAME db.example.com';
  assert.deepEqual(await alone.ask('db.default.svc.cluster.local'), ['NOERROR aa rd ra', alias]);
  const denied = makeWorld({ [first.address]: () => ({ flags: 0x8183 }) });
  denied.external('db', 'db.example.com');
  assert.deepEqual(await denied.ask('db.default.svc.cluster.local'), ['NXDOMAIN aa rd ra', alias]);
});

test('a server whose questions come back is found out and left', async () => {
  const world = makeWorld({
    [first.address]: (async (_name: string, { query: probe }: UpstreamAsk) => {
      // It is configured to ask us.
      assert.equal(await world.resolver.reply(probe, false), undefined);
      return Promise.reject(new WherryError('DNS_TIMEOUT', 'no answer'));
    }) as Server,
    [second.address]: answering,
  });
  await world.forwarder.probe();
  assert.deepEqual(world.forwarder.upstreams, [second]);
  assert.equal((await world.ask('example.com'))[0], 'NOERROR rd ra');
});
