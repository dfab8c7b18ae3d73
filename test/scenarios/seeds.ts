/**
 * Random histories from the command line:
 *
 *     node test/scenarios/seeds.ts --seed 42                one of them, told as it happens
 *     node test/scenarios/seeds.ts --from 1001 --count 500  others than those of the tests
 *     node test/scenarios/seeds.ts --explore 500            seeds that nobody has seen yet
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { WorldChange } from '../../src/testing/world.ts';
import { runSeed } from './random-run.ts';
import { type Answer, playSeeds } from './seed-pool.ts';
import { kindOfResource, rowOf } from './session.ts';

/** What plays it again. */
export const replayCommand = (seed: number): string =>
  `node_modules/.bin/node test/scenarios/seeds.ts --seed ${seed}`;

/** Everything that is to be known of a seed that went wrong; undefined when it went well. */
export function failureText(answer: Answer): string | undefined {
  const { seed, text } =
    'failure' in answer
      ? { seed: answer.seed, text: answer.failure }
      : { seed: answer.outcome.seed, text: answer.outcome.violations.join('\n') };
  return text === '' ? undefined : `seed ${seed} fails:\n${text}\nagain: ${replayCommand(seed)}\n`;
}

/** Heartbeats say nothing. */
const isSilent = ({ resource, object, old }: WorldChange): boolean =>
  resource === 'coordination.k8s.io/leases' || (resource === 'core/events' && object === undefined && !old);

function lineOf(change: WorldChange): string | undefined {
  const kind = kindOfResource(change.resource);
  if (kind === undefined || isSilent(change)) return undefined;
  const rowNow = change.object === undefined ? 'gone' : rowOf(kind, change.object, change.at);
  if (change.object !== undefined && change.old !== undefined) {
    const isGoing = change.object.metadata.deletionTimestamp !== undefined;
    const wasGoing = change.old.metadata.deletionTimestamp !== undefined;
    if (rowNow === rowOf(kind, change.old, change.at) && isGoing === wasGoing) return undefined;
  }
  const { namespace, name } = (change.object ?? change.old)?.metadata ?? {};
  const place = namespace === undefined || namespace === 'default' ? '' : `${namespace}/`;
  return `${kind.singular ?? kind.plural}/${place}${name}  ${rowNow}`;
}

async function tell(seed: number): Promise<boolean> {
  let start: number | undefined;
  let now = 0;
  const print = (sign: string, text: string) =>
    console.log(`${`+${now.toFixed(3)}s`.padEnd(11)} ${sign} ${text}`);
  const outcome = await runSeed(seed, {
    watch: {
      act: (text) => print('>', text),
      change(change) {
        start ??= change.at;
        now = (change.at - start) / 1000;
        const line = lineOf(change);
        if (line !== undefined) print(' ', line);
      },
    },
  });
  const { revision, faults, digest, violations } = outcome;
  console.log(`\n${revision} revisions, ${faults} faults, digest ${digest}`);
  console.log(failureText({ outcome }) ?? 'all invariants hold');
  return violations.length === 0;
}

async function playAll(seeds: readonly number[]): Promise<boolean> {
  let failures = 0;
  let played = 0;
  await playSeeds(seeds, (answer) => {
    played++;
    const text = failureText(answer);
    if (text === undefined) return;
    failures++;
    console.log(text);
  });
  console.log(`${played} seeds, ${failures} failures`);
  return failures === 0;
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      from: { type: 'string', default: '1' },
      count: { type: 'string', default: '1000' },
      explore: { type: 'string' },
    },
  });
  const { seed, from, count, explore } = values;
  if (seed !== undefined) return tell(Number(seed));
  if (explore !== undefined)
    return playAll(Array.from({ length: Number(explore) }, () => randomInt(10_000, 2 ** 32)));
  return playAll(Array.from({ length: Number(count) }, (_, index) => Number(from) + index));
}

if (import.meta.main) process.exitCode = (await main()) ? 0 : 1;
