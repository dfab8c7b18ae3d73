import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from '../../lib/manual-clock.ts';
import { Balancer, type Scheduling } from './balancer.ts';
import { affinityClientsMax } from './limits.ts';

const [a, b, c] = ['a', 'b', 'c'].map((address) => ({ address, port: 80 })) as [never, never, never];

function make(scheduling: Scheduling = 'roundRobin', affinitySeconds?: number) {
  const clock = createManualClock();
  const balancer = new Balancer({ clock, scheduling });
  balancer.set([a, b, c], affinitySeconds);
  const pick = (client = 'x') => balancer.pick(client)?.address;
  return { balancer, clock, pick };
}

test('one after the other', () => {
  const { pick } = make();
  assert.deepEqual([pick(), pick(), pick(), pick()], ['a', 'b', 'c', 'a']);
});

test('who has the fewest', () => {
  const { balancer, pick } = make('leastConnection');
  balancer.opened(a);
  balancer.opened(c);
  assert.deepEqual([pick(), pick()], ['b', 'b']);
  balancer.closed(c);
  assert.ok(new Set([pick(), pick()]).has('c'));
});

test('one that did not answer is not asked again', () => {
  const { balancer } = make();
  assert.equal(balancer.pick('x', new Set([a, b])), c);
  assert.equal(balancer.pick('x', new Set([a, b, c])), undefined);
});

test('a client stays with its endpoint until it has been silent for long', () => {
  const { clock, pick } = make('roundRobin', 10);
  const first = pick();
  clock.advance(9_999);
  assert.equal(pick(), first);
  clock.advance(9_999);
  assert.equal(pick(), first);
  pick('other');
  clock.advance(10_000);
  assert.notEqual(pick(), first);
});

test('a client does not stay with an endpoint that does not count any more', () => {
  const { balancer, pick } = make('roundRobin', 10);
  assert.equal(pick(), 'a');
  balancer.set([b, c], 10);
  const second = pick();
  assert.ok(second === 'b' || second === 'c');
  balancer.set([a, b, c], 10);
  assert.equal(pick(), second);
});

test('remembered clients are bounded', () => {
  const { pick } = make('roundRobin', 1000);
  const first = pick('first');
  for (let index = 0; index < affinityClientsMax; index++) pick(`client-${index}`);
  const again = new Set([pick('first')]);
  // Forgotten, so that it takes its turn: which one that is follows from the count.
  assert.equal(again.has(first), (affinityClientsMax + 1) % 3 === 0);
});
