import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamHandlers, Transport } from '../client/transport.ts';
import { seededRandom } from '../lib/random.ts';
import { faultyTransport, noFaults } from './faults.ts';
import { settle } from './settle.ts';
import { createSimulationClock } from './simulation-clock.ts';

function world() {
  const clock = createSimulationClock();
  const served: string[] = [];
  let stream: StreamHandlers | undefined;
  const inner: Transport = {
    async send(request) {
      served.push(request.url);
      const body = {
        open(handlers: StreamHandlers) {
          stream = handlers;
        },
        cancel: () => served.push('cancel'),
      };
      return { status: 200, headers: {}, body: request.stream ? body : Buffer.from('{}') };
    },
    close: async () => {},
  };
  const transport = faultyTransport(inner, { rates: noFaults, clock, random: seededRandom(1) });
  return { clock, served, transport, stream: () => stream as unknown as StreamHandlers };
}

const ask = async (transport: Transport): Promise<string> => {
  try {
    const { status, headers } = await transport.send({ method: 'GET', url: '/x' });
    return `${status} ${headers['retry-after'] ?? ''}`.trim();
  } catch (error) {
    return (error as Error).message;
  }
};

test('each fault, and whether the server has done its work', async () => {
  const outcomes: Record<string, unknown> = {};
  for (const fault of ['internalErrors', 'refusals', 'lostRequests', 'lostAnswers'] as const) {
    const { transport, served } = world();
    transport.rates = { ...noFaults, [fault]: 1 };
    outcomes[fault] = [await ask(transport), served.length, transport.faults];
  }
  const refusal = outcomes.refusals as [string, number, number];
  assert.match(refusal[0], /^(429|503) 1$/);
  assert.deepEqual(
    { ...outcomes, refusals: refusal.slice(1) },
    {
      internalErrors: ['500', 0, 1],
      refusals: [0, 1],
      lostRequests: ['the request was lost in the simulation', 0, 1],
      lostAnswers: ['the answer was lost in the simulation', 1, 1],
    },
  );
});

test('a slow request waits for the clock', async () => {
  const { transport, clock, served } = world();
  transport.rates = { ...noFaults, slowRequests: 1, delayMilliseconds: 1000 };
  const answer = ask(transport);
  await settle();
  assert.deepEqual(served, []);
  clock.runUntil(clock.now() + 1000);
  assert.equal(await answer, '200');
});

test('what a slow watch brings comes late but in order, and it breaks off at last', async () => {
  const { transport, clock, stream } = world();
  transport.rates = { ...noFaults, watchDelayMilliseconds: 1000, watchLifeMilliseconds: 5000 };
  const { body } = await transport.send({ method: 'GET', url: '/x', stream: true });
  const got: string[] = [];
  assert.ok(!(body instanceof Uint8Array));
  body.open({
    onChunk: (chunk) => got.push(Buffer.from(chunk).toString()),
    onEnd: (error) => got.push(error?.message ?? 'end'),
  });
  const sent = Array.from({ length: 20 }, (_none, index) => String(index));
  for (const text of sent) stream().onChunk(Buffer.from(text));
  assert.deepEqual(got, []);
  clock.runUntil(clock.now() + 10_000);
  assert.deepEqual(got, [...sent, 'the watch broke off in the simulation']);
});
