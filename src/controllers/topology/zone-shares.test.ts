import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { assignZones, type PlacedEndpoint, type ZoneShares } from './zone-shares.ts';

const shares = (of: Record<string, number>): ZoneShares => {
  const sum = Object.values(of).reduce((all, each) => all + each, 0);
  return new Map(Object.entries(of).map(([zone, cpus]) => [zone, cpus / sum]));
};

/** `a a b>a`: two endpoints in zone a, and one in b that has been for a. */
const placed = (text: string): PlacedEndpoint[] =>
  text.split(' ').map((each) => {
    const [zone, before] = each.split('>');
    return { zone: zone === '?' ? undefined : zone, before };
  });

const shown = (text: string, of: Record<string, number>): string => {
  const assignment = assignZones(placed(text), shares(of));
  return assignment.type === 'assigned' ? assignment.zones.join(' ') : assignment.why;
};

describe('which zone each endpoint is for', () => {
  const even = { a: 4, b: 4 };
  const few = 'Insufficient number of endpoints (1 endpoints, 2 zones)';
  const overloaded =
    'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (4 endpoints, 3 zones)';
  const cases: Record<string, [string, Record<string, number>, string]> = {
    'its own, where they are even': ['a b a b', even, 'a b a b'],
    'some of a full zone are for an empty one': ['a a a a', even, 'b b a a'],
    'a zone of more CPUs gets more': ['a a a b b b', { a: 8, b: 4 }, 'a a a a b b'],
    'its own, where they are as the CPUs are': ['a a b', { a: 4, b: 2 }, 'a a b'],
    'who has a zone keeps it': ['a>b a>a b>a b>b', even, 'b a a b'],
    'beyond what a zone may have, its own counts': ['a>b a>b a>b b>b a>b b', even, 'b b b a a a'],
    'a zone that is no more is forgotten': ['a>c b', even, 'a b'],
    'too few for all zones': ['a', even, few],
    'too few for what each zone needs': ['a a b c', { a: 4, b: 4, c: 1 }, overloaded],
    'one of which no zone is known': ['a ? b b', even, 'One or more endpoints do not have a zone specified'],
  };
  for (const [name, [text, of, wanted]] of Object.entries(cases))
    test(name, () => assert.equal(shown(text, of), wanted));

  test('nobody moves twice', () => {
    const zone = fc.constantFrom('a', 'b', 'c');
    const endpoint = fc.record({ zone, before: fc.option(zone, { nil: undefined }) });
    const cpus = fc.record({ a: fc.integer({ min: 1, max: 64 }), b: fc.integer({ min: 1, max: 64 }) });
    fc.assert(
      fc.property(fc.array(endpoint, { minLength: 2, maxLength: 40 }), cpus, (endpoints, of) => {
        const share = shares(of);
        const first = assignZones(endpoints, share);
        if (first.type === 'impossible') return;
        const again = assignZones(
          endpoints.map((each, index) => ({ zone: each.zone, before: first.zones[index] })),
          share,
        );
        assert.deepEqual(again, first);
      }),
      { interruptAfterTimeLimit: 2000 },
    );
  });
});
