import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { type Answer, decode, encode, type Question } from 'dns-packet';
import { systemClock } from '../../lib/system.ts';
import { probeHere } from './here.ts';

const options = { clock: systemClock };

const codes: Record<string, number> = { 'missing.test': 3, 'refused.test': 5, 'broken.test': 2 };

/** Knows one name; the others get the code of their kind. */
function answer(message: Buffer): Buffer {
  const { id, questions = [] } = decode(message);
  const [question] = questions as [Question];
  const code = codes[question.name] ?? 0;
  const known: Answer[] =
    question.name === 'web.test' && question.type === 'A'
      ? ['10.96.0.21', '10.96.0.20'].map((data) => ({ type: 'A', name: 'web.test', ttl: 5, data }))
      : [];
  return encode({ type: 'response', id: id ?? 0, flags: 0x0180 | code, questions, answers: known });
}

test('names, at a server of the test', async (context) => {
  const server = createSocket('udp4');
  server.on('message', (message, from) => server.send(answer(message), from.port, from.address));
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  const ask = (name: string, record: 'A' | 'CNAME' = 'A') =>
    probeHere({ type: 'resolve', server: `127.0.0.1:${server.address().port}`, name, record }, options);
  assert.deepEqual(
    await Promise.all(
      ['web.test', 'missing.test', 'refused.test', 'broken.test', 'empty.test'].map((name) => ask(name)),
    ),
    [
      { type: 'resolve', result: 'answered', values: ['10.96.0.20', '10.96.0.21'] },
      { type: 'resolve', result: 'noName', values: [] },
      { type: 'resolve', result: 'refused', values: [] },
      { type: 'resolve', result: 'failed', values: [] },
      { type: 'resolve', result: 'noData', values: [] },
    ],
  );
  assert.deepEqual(
    await probeHere({ type: 'resolve', server: 'no address', name: 'web.test', record: 'A' }, options),
    {
      type: 'resolve',
      result: 'noServer',
      values: [],
    },
  );
});
