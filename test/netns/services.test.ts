/**
 * What Services do to packets: the same table of cases with real packets between namespaces, and through the fake.
 * Nothing leaves the namespaces: none of them has a route to anywhere else.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { exec } from '../../src/lib/exec.ts';
import { kernelNft } from '../../src/nft/nft.ts';
import { type Case, cases } from './cases.ts';
import { announced, FakeNetwork, listensOn, nodes, type Outcome, program } from './lab.ts';
import { whyNoNamespaces } from './namespace.ts';
import { addressOf, Network, places } from './network.ts';
import { families } from './services.ts';

/** Enough that an endpoint out of two is missed by chance once in 2^120 runs. */
const triesMax = 120;
const triesOfOne = 6;

/** How long silence is listened to. An answer may take as long as it likes. */
const silenceMilliseconds = 400;
const answerMilliseconds = 60_000;

const textOf = (outcome: Outcome): string => (outcome.type === 'reached' ? outcome.answer : outcome.type);

/** Asks until everything that is expected has come, and is content with nothing else. */
async function walk(each: Case, ask: () => Promise<Outcome> | Outcome): Promise<void> {
  if (each.expect === 'reject' || each.expect === 'drop') {
    assert.equal(textOf(await ask()), each.expect === 'reject' ? 'refused' : 'silence');
    return;
  }
  const seen = new Set<string>();
  const tries = each.expect === 'same' ? triesOfOne : triesMax;
  for (let count = 0; count < tries; count++) {
    if (each.expect === 'all' && count >= triesOfOne && seen.size === each.answers.length) break;
    seen.add(textOf(await ask()));
  }
  const found = [...seen].sort();
  if (each.expect === 'all') assert.deepEqual(found, [...each.answers].sort());
  else
    assert.ok(
      found.length === 1 && each.answers.includes(found[0] as string),
      `${found} is one of ${each.answers}`,
    );
}

describe('through the fake', async () => {
  const network = new FakeNetwork(1);
  for (const node of nodes) await program(network.nodes[node], node);
  for (const each of cases) test(each.name, () => walk(each, () => network.ask(each)));
});

const skip = whyNoNamespaces();

describe('with real packets', { skip, concurrency: 32 }, () => {
  let network: Network;

  before(async () => {
    network = await Network.make();
    await network.announce('a', announced);
    const listening = places.flatMap((place) =>
      listensOn(place).flatMap((port) =>
        (['tcp', 'udp'] as const).map((protocol) =>
          network.places[place].do({
            type: 'listen',
            protocol,
            addresses: families.map((family) => addressOf(place, family)),
            port,
            name: `${place}:${port}`,
          }),
        ),
      ),
    );
    const programmed = nodes.map((node) => program(kernelNft(exec, network.places[node].prefix), node));
    await Promise.all([...listening, ...programmed]);
  });

  after(() => network?.close());

  const ask = async ({ client, protocol, address, port, expect }: Case): Promise<Outcome> => {
    if (protocol === 'sctp') throw new TypeError('there is no SCTP socket in Node');
    const milliseconds = expect === 'drop' ? silenceMilliseconds : answerMilliseconds;
    const answer = await network.places[client].send({ type: 'ask', protocol, address, port, milliseconds });
    if (answer.type === 'reached') return { type: 'reached', answer: `${answer.name} from ${answer.source}` };
    if (answer.type === 'refused' || answer.type === 'silence') return { type: answer.type };
    throw new Error(JSON.stringify(answer));
  };

  for (const each of cases) if (each.protocol !== 'sctp') test(each.name, () => walk(each, () => ask(each)));
});
