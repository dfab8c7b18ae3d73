import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { recordsOf } from './records.ts';
import { isBelow, Responder } from './responder.ts';
import { type Ask, query, shown, testService, testSlice } from './test-kit.ts';
import { wireName } from './wire.ts';
import { Zone } from './zone.ts';

function makeResponder({ isReady = true, endpoints = 3 } = {}): Responder {
  const zone = new Zone({ zone: 'cluster.local', seconds: 5 });
  const put = (
    key: string,
    ...rest: Parameters<typeof recordsOf> extends [...infer Rest, string] ? Rest : never
  ) => zone.replace(key, recordsOf(...rest, 'cluster.local'));
  zone.replace('', [
    { name: 'dns-version.cluster.local', type: 'TXT', text: '1.1.0' },
    { name: 'cluster.local', type: 'NS', target: 'ns.dns.cluster.local' },
    { name: 'ns.dns.cluster.local', type: 'A', address: '10.96.0.10' },
  ]);
  put('default/web', testService({ clusterIP: '10.96.0.5', ports: [{ name: 'http', port: 80 }] }), []);
  put(
    'default/db',
    testService({ type: 'ExternalName', externalName: 'db.example.com' }, { name: 'db' }),
    [],
  );
  const ready = Array.from({ length: endpoints }, (_, index) => ({ addresses: [`10.244.1.${index + 1}`] }));
  put('default/set', testService({ clusterIP: 'None' }, { name: 'set' }), [testSlice(ready)]);
  return new Responder({
    zone,
    zoneName: 'cluster.local',
    seconds: 5,
    hasNamespace: (name) => name === 'default' || name === 'empty',
    isReady: () => isReady,
  });
}

function ask(responder: Responder, message: Buffer, overTcp = false): string[] {
  const outcome = responder.respond(message, { overTcp });
  return outcome.type === 'answer' ? shown(outcome.message) : [outcome.type];
}

const soa = 'authority cluster.local 5 SOA ns.dns.cluster.local hostmaster.cluster.local ... 5';

const cases: { name: string; question: string; ask?: Ask; answer: string[] }[] = [
  {
    name: 'the address of a Service, the name spelled anyhow',
    question: 'WEB.default.Svc.cluster.local',
    answer: ['NOERROR aa rd ra', 'answer WEB.default.Svc.cluster.local 5 A 10.96.0.5'],
  },
  {
    name: 'EDNS is answered with EDNS',
    question: 'web.default.svc.cluster.local',
    ask: { edns: 4096, recursionDesired: false },
    answer: ['NOERROR aa ra', 'answer web.default.svc.cluster.local 5 A 10.96.0.5', 'additional OPT 1232'],
  },
  {
    name: 'a family that the Service does not have: the name is there, the record is not',
    question: 'web.default.svc.cluster.local',
    ask: { type: 'AAAA', edns: 1232 },
    answer: ['NOERROR aa rd ra', soa, 'additional OPT 1232'],
  },
  {
    name: 'a Service that is not there',
    question: 'none.default.svc.cluster.local',
    answer: ['NXDOMAIN aa rd ra', soa],
  },
  {
    name: 'a search path gone wrong',
    question: 'web.default.svc.cluster.local.default.svc.cluster.local',
    answer: ['NXDOMAIN aa rd ra', soa],
  },
  {
    name: 'a namespace with Services has a name but no records',
    question: 'default.svc.cluster.local',
    answer: ['NOERROR aa rd ra', soa],
  },
  {
    name: 'a namespace without Services has a name too',
    question: 'empty.svc.cluster.local',
    answer: ['NOERROR aa rd ra', soa],
  },
  {
    name: 'a namespace that is not there',
    question: 'none.svc.cluster.local',
    answer: ['NXDOMAIN aa rd ra', soa],
  },
  {
    name: 'any type: one of those that there are',
    question: 'web.default.svc.cluster.local',
    ask: { type: 'ANY' },
    answer: ['NOERROR aa rd ra', 'answer web.default.svc.cluster.local 5 A 10.96.0.5'],
  },
  {
    name: 'any type of an alias: the alias',
    question: 'db.default.svc.cluster.local',
    ask: { type: 'ANY' },
    answer: ['NOERROR aa rd ra', 'answer db.default.svc.cluster.local 5 CNAME db.example.com'],
  },
  {
    name: 'a port by its name, with the address that it leads to',
    question: '_http._tcp.web.default.svc.cluster.local',
    ask: { type: 'SRV' },
    answer: [
      'NOERROR aa rd ra',
      'answer _http._tcp.web.default.svc.cluster.local 5 SRV 0 100 80 web.default.svc.cluster.local',
      'additional web.default.svc.cluster.local 5 A 10.96.0.5',
    ],
  },
  {
    name: 'ports and hosts of a headless Service',
    question: '_http._tcp.set.default.svc.cluster.local',
    ask: { type: 'SRV', edns: 1232 },
    answer: [
      'NOERROR aa rd ra',
      ...[1, 2, 3].map(
        (each) =>
          `answer _http._tcp.set.default.svc.cluster.local 5 SRV 0 33 8080 10-244-1-${each}.set.default.svc.cluster.local`,
      ),
      ...[1, 2, 3].map(
        (each) => `additional 10-244-1-${each}.set.default.svc.cluster.local 5 A 10.244.1.${each}`,
      ),
      'additional OPT 1232',
    ],
  },
  {
    name: 'whose address this is',
    question: '5.0.96.10.in-addr.arpa',
    ask: { type: 'PTR' },
    answer: ['NOERROR aa rd ra', 'answer 5.0.96.10.in-addr.arpa 5 PTR web.default.svc.cluster.local'],
  },
  {
    name: 'the alias itself',
    question: 'db.default.svc.cluster.local',
    ask: { type: 'CNAME' },
    answer: ['NOERROR aa rd ra', 'answer db.default.svc.cluster.local 5 CNAME db.example.com'],
  },
  { name: 'what an alias leads to', question: 'db.default.svc.cluster.local', answer: ['alias'] },
  {
    name: 'the version of the specification',
    question: 'dns-version.cluster.local',
    ask: { type: 'TXT' },
    answer: ['NOERROR aa rd ra', 'answer dns-version.cluster.local 5 TXT "1.1.0"'],
  },
  {
    name: 'the start of authority',
    question: 'cluster.local',
    ask: { type: 'SOA' },
    answer: ['NOERROR aa rd ra', soa.replace('authority', 'answer')],
  },
  {
    name: 'a pod by its address',
    question: '10-244-1-77.default.pod.cluster.local',
    answer: ['NOERROR aa rd ra', 'answer 10-244-1-77.default.pod.cluster.local 5 A 10.244.1.77'],
  },
  {
    name: 'a pod by its IPv6 address',
    question: 'fd01--a.default.pod.cluster.local',
    ask: { type: 'AAAA' },
    answer: ['NOERROR aa rd ra', 'answer fd01--a.default.pod.cluster.local 5 AAAA fd01::a'],
  },
  ...[
    '10-244-1-77.none.pod',
    '10-244-1.default.pod',
    '10-244-1-999.default.pod',
    'x.10-0-0-1.default.pod',
  ].map((name) => ({
    name: `no pod is ${name}`,
    question: `${name}.cluster.local`,
    answer: ['NXDOMAIN aa rd ra', soa],
  })),
  { name: 'pods of a namespace', question: 'default.pod.cluster.local', answer: ['NOERROR aa rd ra', soa] },
  { name: 'other names', question: 'example.com', answer: ['forward'] },
  { name: 'a name that only ends alike', question: 'mycluster.local', answer: ['forward'] },
  {
    name: 'another class',
    question: 'web.default.svc.cluster.local',
    ask: { class: 'CH' },
    answer: ['REFUSED rd ra'],
  },
  { name: 'the whole zone', question: 'cluster.local', ask: { type: 'AXFR' }, answer: ['REFUSED rd ra'] },
];

describe('the responder', () => {
  const responder = makeResponder();
  for (const { name, question, ask: how, answer } of cases)
    test(name, () => assert.deepEqual(ask(responder, query(question, how)), answer));

  test('a version of EDNS that nobody knows', () => {
    const message = query('web.default.svc.cluster.local', { edns: 1232 });
    message[message.length - 5] = 1;
    const outcome = responder.respond(message, { overTcp: false });
    assert.equal(outcome.type, 'answer');
    // The lower bits of the code are 0, the upper ones stand in the OPT record: 16, BADVERS.
    const { message: answer } = outcome as { message: Buffer };
    assert.deepEqual([answer[3]! & 0x0f, answer[answer.length - 6]], [0, 1]);
  });

  test('nonsense is told apart from silence', () => {
    assert.deepEqual(ask(responder, Buffer.alloc(5)), ['silence']);
    assert.deepEqual(ask(responder, query('a').subarray(0, 13)), ['FORMERR rd ra']);
  });

  test('before all Services are known nothing is denied', () => {
    const early = makeResponder({ isReady: false });
    assert.deepEqual(ask(early, query('web.default.svc.cluster.local'))[0], 'NOERROR aa rd ra');
    assert.deepEqual(ask(early, query('none.default.svc.cluster.local')), ['SERVFAIL rd ra']);
    assert.deepEqual(ask(early, query('example.com')), ['forward']);
  });

  test('endpoints take turns in being the first', () => {
    const first = () => ask(responder, query('set.default.svc.cluster.local'))[1];
    assert.equal(new Set([first(), first(), first()]).size, 3);
  });

  test('what does not fit is cut off between records, and said so', () => {
    const large = makeResponder({ endpoints: 200 });
    const message = query('set.default.svc.cluster.local');
    const outcome = large.respond(message, { overTcp: false }) as { message: Buffer };
    assert.ok(outcome.message.length <= 512 && outcome.message.length > 512 - 16);
    const lines = shown(outcome.message);
    assert.deepEqual(
      [lines[0], lines.length],
      ['NOERROR aa tc rd ra', 1 + Math.floor((512 - message.length) / 16)],
    );
    const edns = large.respond(query('set.default.svc.cluster.local', { edns: 65_535 }), { overTcp: false });
    assert.ok((edns as { message: Buffer }).message.length <= 1232);
    const whole = ask(large, message, true);
    assert.deepEqual([whole[0], whole.length], ['NOERROR aa rd ra', 201]);
  });

  test('additional records that do not fit are left out without a word', () => {
    const lines = ask(responder, query('_http._tcp.set.default.svc.cluster.local', { type: 'SRV' }));
    const large = makeResponder({ endpoints: 6 });
    const cut = ask(large, query('_http._tcp.set.default.svc.cluster.local', { type: 'SRV' }));
    assert.deepEqual([lines[0], lines.length], ['NOERROR aa rd ra', 7]);
    assert.deepEqual([cut[0], cut.length], ['NOERROR aa rd ra', 7]);
  });

  test('a zone that is no name', () => {
    const options = {
      zone: new Zone({ zone: '', seconds: 5 }),
      seconds: 5,
      hasNamespace: () => true,
      isReady: () => true,
    };
    assert.throws(() => new Responder({ ...options, zoneName: 'a..b' }), RangeError);
    assert.throws(() => new Responder({ ...options, zoneName: '' }), RangeError);
  });

  test('a label whose bytes look like the zone is not in it', () => {
    const zone = wireName('cluster.local')!;
    assert.equal(isBelow(`\x0fa\x07cluster\x05local\0`, zone), false);
    assert.equal(isBelow(zone, zone), true);
  });

  test('over any bytes: an answer carries the id, fits, and can be read by another reader', () => {
    const valid = query('_http._tcp.set.default.svc.cluster.local', { type: 'SRV', edns: 1232 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 6 }),
        fc.nat(valid.length),
        (changes, length) => {
          const message = Buffer.from(valid);
          for (const [at, byte] of changes) message[at] = byte;
          const outcome = responder.respond(message.subarray(0, length), { overTcp: false });
          if (outcome.type !== 'answer') return;
          assert.equal(outcome.message.readUInt16BE(0), message.readUInt16BE(0));
          assert.ok(outcome.message.length <= 1232);
          shown(outcome.message);
        },
      ),
      { numRuns: 2000, interruptAfterTimeLimit: 3000 },
    );
  });
});
