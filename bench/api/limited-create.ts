/**
 * Durable creates on a disk like those that clusters run on. A local disk that takes ten thousand commits a second hides
 * what one commit for many creates is worth; here server and bare loop have the same number of writes a second each.
 */
import type { Measurement } from '../bench.ts';
import { type Creates, configMapCreates, inFlight, podCreates, postAll, requestsOf } from './create.ts';
import { LimitedDisk, whyNotLimited } from './limited-disk.ts';
import type { Bare, Client, Server, Workshop } from './processes.ts';

/**
 * What a general purpose volume of Amazon EBS (gp3) has without paying for more, whatever its size. Source: Amazon EBS
 * User Guide, "General Purpose SSD volumes".
 */
const writesPerSecond = 3000;

const rounds = 5;
const createsInRound = 2000;
const bareCommits = 1500;

interface Limited<Of> {
  readonly on: Of;
  readonly disk: LimitedDisk;
}

/** So many writes to the disk went by while the work was done. */
async function counted<Result>(
  disk: LimitedDisk,
  work: () => Promise<Result>,
): Promise<{ result: Result; writes: number }> {
  const before = disk.writes();
  const result = await work();
  return { result, writes: disk.writes() - before };
}

/** A limit that is not kept would show nothing. What is saved up while nothing is written may be used at once. */
function requireLimit(writesASecond: number): void {
  if (writesASecond > writesPerSecond * 1.2)
    throw new Error(`${Math.round(writesASecond)} writes/s went to a disk limited to ${writesPerSecond}`);
}

/** A first round, not counted, for code that has not run yet. Then pairs of ours and the bare loop's. */
async function benchKind(
  at: { client: Client; server: Limited<Server>; bare: Limited<Bare> },
  creates: Creates,
): Promise<Measurement[]> {
  const { client, server, bare } = at;
  const ours: { rate: number; writes: number }[] = [];
  const single: { rate: number; writes: number }[] = [];
  for (let round = 0; round <= rounds; round++) {
    const requests = requestsOf(creates, round * createsInRound, createsInRound);
    const created = await counted(server.disk, () => postAll(client, server.on, requests));
    const order = { count: bareCommits, bytes: created.result.bytes };
    const committed = await counted(bare.disk, () => bare.on.run(order));
    requireLimit(committed.result * (committed.writes / bareCommits));
    if (round === 0) continue;
    ours.push({ rate: created.result.rate, writes: created.writes / createsInRound });
    single.push({ rate: committed.result, writes: committed.writes / bareCommits });
  }
  const limit = `a disk limited to ${writesPerSecond.toLocaleString('en')} writes/s`;
  const floor = `bare single-row FULL commits of as many bytes on a disk with the same limit`;
  return [
    {
      name: `durable creates of ${creates.what}, ${inFlight} in flight, on ${limit}`,
      unit: '/s',
      samples: ours.map(({ rate }) => rate),
      floor: { name: floor, samples: single.map(({ rate }) => rate), isPaired: true },
      wanted: { ratioAtLeast: 3 },
    },
    {
      name: `writes to that disk for one such create of ${creates.what}`,
      unit: 'writes',
      samples: ours.map(({ writes }) => writes),
      floor: { name: floor, samples: single.map(({ writes }) => writes), isPaired: true },
    },
  ];
}

/** Nothing where the disk cannot be limited; the reason goes to the terminal. */
export async function benchLimitedCreate(workshop: Workshop, client: Client): Promise<Measurement[]> {
  const why = whyNotLimited(workshop.directory);
  if (why !== undefined) {
    console.error(`api: creates on a limited disk are left out: ${why}`);
    return [];
  }
  const limited = async <Of extends Server | Bare>(name: string, start: () => Promise<Of>) => {
    const disk = new LimitedDisk(workshop.directory, { name, writesPerSecond });
    workshop.onClose(() => disk.remove());
    const on = await start();
    disk.add(on.process.pid);
    return { on, disk };
  };
  const server = await limited('server', () => workshop.startServer('limited', { bare: true }));
  const bare = await limited('bare', () => workshop.startBare('limited-bare'));
  const measurements = [];
  for (const creates of [podCreates, configMapCreates])
    measurements.push(...(await benchKind({ client, server, bare }, creates)));
  await server.on.stop();
  return measurements;
}
