import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../lib/log.ts';
import { createManualClock } from '../../lib/manual-clock.ts';
import { seededRandom } from '../../lib/random.ts';
import { issueAuthority, issueLeaf } from '../issue.ts';
import { keepFresh, renewalTime } from './renewal.ts';

const hour = 3600 * 1000;
const day = 24 * hour;

test('a renewal is due when 70 to 90 percent of the life are over, spread over that time', () => {
  const random = seededRandom(1);
  const parts = Array.from({ length: 1000 }, () => renewalTime({ from: 1000, until: 2000 }, random));
  assert.ok(parts.every((at) => at >= 1700 && at <= 1900));
  assert.ok(Math.min(...parts) < 1710 && Math.max(...parts) > 1890);
});

/** Lets what was woken by the clock run. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function advanceUntil(clock: ReturnType<typeof createManualClock>, until: () => boolean, most: number) {
  for (let moved = 0; !until(); moved += hour) {
    assert.ok(moved <= most, 'nothing happened for long');
    clock.advance(hour);
    await turn();
  }
}

test('it is renewed in time, again and again, also after failures, and no more after the end', async () => {
  const clock = createManualClock();
  const authority = await issueAuthority(clock.now());
  const leaf = async () =>
    (
      await issueLeaf(authority, {
        commonName: 'x',
        organization: undefined,
        names: [],
        usage: 'client',
        now: clock.now(),
      })
    ).certificate;
  let certificate = await leaf();
  const renewals: number[] = [];
  let failures = 3;
  const ending = new AbortController();
  const start = clock.now();
  keepFresh({
    name: 'client',
    clock,
    random: seededRandom(1),
    log: silentLogger,
    signal: ending.signal,
    certificate: () => certificate,
    renew: async () => {
      if (failures-- > 0) throw new Error('the server is away');
      certificate = next;
      renewals.push((clock.now() - start) / day);
    },
  });
  let next = await leaf();
  await advanceUntil(clock, () => renewals.length === 1, 400 * day);
  assert.ok((renewals[0] as number) > 0.69 * 365 && (renewals[0] as number) < 0.91 * 365, String(renewals));
  assert.equal(failures, -1);
  // The one it has now is as old: it is renewed at once, until it gets one that lasts.
  next = await leaf();
  await advanceUntil(clock, () => renewals.length === 2, 400 * day);
  ending.abort();
  clock.advance(1000 * day);
  await turn();
  assert.equal(renewals.length, 2);
});
