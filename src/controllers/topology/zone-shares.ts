/**
 * Which zone each endpoint is for, so that a zone's endpoints are as many as its share of the cluster's CPUs. Pure and
 * without chance: the same endpoints in the same zones get the same answer.
 * Source of behaviour: k8s.io/endpointslice topologycache (KEP-2433).
 */

/** By zone, its share of all CPUs; the shares add up to one. */
export type ZoneShares = ReadonlyMap<string, number>;

export interface PlacedEndpoint {
  /** Where it is. */
  readonly zone: string | undefined;
  /** Which zone it has been for until now. */
  readonly before: string | undefined;
}

/** `zones`: for each endpoint. `why`: in upstream's words. */
export type Assignment =
  | { readonly type: 'assigned'; readonly zones: readonly string[] }
  | { readonly type: 'impossible'; readonly why: string };

/** So much more than its share an endpoint may have to bear. */
const overloadMax = 0.2;

interface Allocation {
  readonly minimum: number;
  readonly maximum: number;
  readonly desired: number;
}

const impossible = (why: string): Assignment => ({ type: 'impossible', why });

/** Undefined when there are too few endpoints for what each zone must have at least. */
function allocationsOf(shares: ZoneShares, count: number): Map<string, Allocation> | undefined {
  const minimums = new Map<string, number>();
  let left = count;
  for (const [zone, share] of shares) {
    const minimum = Math.ceil((share * count) / (1 + overloadMax));
    minimums.set(zone, minimum);
    left -= minimum;
  }
  if (left < 0) return undefined;
  const all = [...minimums].map(([zone, minimum]): [string, Allocation] => {
    const desired = Math.max((shares.get(zone) ?? 0) * count, minimum);
    return [zone, { minimum, maximum: minimum + left, desired }];
  });
  return new Map(all);
}

/** The zone with the most, the first by name of several. */
function most(amounts: ReadonlyMap<string, number>): [string, number] {
  let best: [string, number] = ['', 0];
  for (const [zone, amount] of [...amounts].sort()) if (amount > best[1]) best = [zone, amount];
  return best;
}

const add = (to: Map<string, number>, zone: string, amount: number): void => {
  to.set(zone, (to.get(zone) ?? 0) + amount);
};

/** How many endpoints each zone gives away, and how many it gets. */
function transfers(allocations: ReadonlyMap<string, Allocation>, counts: ReadonlyMap<string, number>) {
  const surplus = new Map<string, number>();
  const need = new Map<string, number>();
  for (const [zone, { desired }] of allocations) {
    const difference = (counts.get(zone) ?? 0) - desired;
    if (difference > 0) surplus.set(zone, difference);
    else if (difference < 0) need.set(zone, -difference);
  }
  const giving = new Map<string, number>();
  const receiving = new Map<string, number>();
  for (;;) {
    const [from, tooMany] = most(surplus);
    const [to, tooFew] = most(need);
    // Half an endpoint is worth moving only where another zone is off by a whole one.
    if ((tooMany < 1 && tooFew < 1) || tooMany < 0.5 || tooFew < 0.5) break;
    add(giving, from, 1);
    add(surplus, from, -1);
    add(receiving, to, 1);
    add(need, to, -1);
  }
  return { giving, receiving };
}

/** Moves endpoints that nobody has been for yet, until the zones are as even as whole endpoints can be. */
function settle(
  zones: string[],
  free: readonly number[],
  { allocations, counts }: { allocations: ReadonlyMap<string, Allocation>; counts: Map<string, number> },
): void {
  const move = (index: number, to: string) => {
    add(counts, zones[index] as string, -1);
    add(counts, to, 1);
    zones[index] = to;
  };
  const { giving, receiving } = transfers(allocations, counts);
  for (const index of free) {
    const from = zones[index] as string;
    const [to, wanted] = most(receiving);
    if ((giving.get(from) ?? 0) === 0 || wanted === 0) continue;
    add(giving, from, -1);
    add(receiving, to, -1);
    move(index, to);
  }
  // What stays beyond what a zone may have would move the next time it is looked at.
  for (const index of free) {
    const from = zones[index] as string;
    const room = ([zone, { maximum }]: [string, Allocation]): [string, number] => [
      zone,
      maximum - (counts.get(zone) ?? 0),
    ];
    const rooms = new Map([...allocations].map(room));
    if ((rooms.get(from) ?? 0) < 0) move(index, most(rooms)[0]);
  }
}

/** `shares`: of two zones at least. */
export function assignZones(endpoints: readonly PlacedEndpoint[], shares: ZoneShares): Assignment {
  const count = endpoints.length;
  const numbers = `(${count} endpoints, ${shares.size} zones)`;
  if (shares.size > count) return impossible(`Insufficient number of endpoints ${numbers}`);
  const allocations = allocationsOf(shares, count);
  if (allocations === undefined)
    return impossible(
      `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${numbers}`,
    );
  const counts = new Map<string, number>();
  const zones: string[] = [];
  const free: number[] = [];
  for (const [index, { zone = '', before }] of endpoints.entries()) {
    // Who has a zone keeps it while that zone may have so many: clients stay where they are.
    const allocation = before === undefined ? undefined : allocations.get(before);
    const isKept = allocation !== undefined && (counts.get(before as string) ?? 0) < allocation.maximum;
    if (!isKept) free.push(index);
    zones[index] = isKept ? (before as string) : zone;
    if (isKept) add(counts, before as string, 1);
  }
  for (const index of free) {
    const zone = zones[index] as string;
    if (zone === '') return impossible('One or more endpoints do not have a zone specified');
    add(counts, zone, 1);
  }
  settle(zones, free, { allocations, counts });
  return { type: 'assigned', zones };
}
