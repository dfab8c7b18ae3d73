/** `wherry why`: what keeps a Service from answering, and what to do about it, in one sentence. */
import { styleText } from 'node:util';
import { parse } from 'yaml';
import { tlsTransport } from '../../client/tls.ts';
import { TransportError } from '../../client/transport.ts';
import { Client } from '../../client/typed-client.ts';
import { StatusError } from '../../kinds/status.ts';
import { UserError } from '../../lib/errors.ts';
import { systemClock } from '../../lib/system.ts';
import {
  type Check,
  type ExplainFacts,
  type Explanation,
  explain,
  planProbes,
} from '../../service/explain.ts';
import { explainSilence, readKubeconfig } from '../kubeconfig.ts';
import { clientNodes, gatherFacts } from './facts.ts';
import { type WhyOptions, whyCodes } from './options.ts';
import { agentProber, loopbackProber, probeAll } from './probes.ts';

/** Of the current context; `default` where it names none. */
export function contextNamespace(kubeconfig: string): string {
  const config = parse(kubeconfig) as {
    'current-context'?: string;
    contexts?: { name?: string; context?: { namespace?: string } }[];
  } | null;
  const context = config?.contexts?.find(({ name }) => name === config['current-context']);
  return context?.context?.namespace || 'default';
}

export interface WhyOutput {
  write(text: string): void;
  complain(text: string): void;
}

/** Resolves with the exit code. */
export async function runWhy(options: WhyOptions, output: WhyOutput): Promise<number> {
  try {
    const { facts, explanation } = await look(options);
    output.write(options.output === 'json' ? jsonText(facts, explanation) : plainText(facts, explanation));
    return whyCodes[explanation.verdict];
  } catch (error) {
    const isExpected =
      error instanceof UserError || error instanceof StatusError || error instanceof TransportError;
    if (!isExpected) throw error;
    output.complain(`wherry: could not look: ${error.message}\n`);
    return whyCodes.unknown;
  }
}

/** Asked for at once, or not at all. */
const lookMilliseconds = 60_000;
/** Nodes that are asked one after the other when agents do not answer. */
const nodesAskedMax = 3;

async function look(options: WhyOptions): Promise<{ facts: ExplainFacts; explanation: Explanation }> {
  const { text, target } = readKubeconfig(options.kubeconfig, {
    advice: 'name another with --kubeconfig',
  });
  const transport = tlsTransport(target, { clock: systemClock });
  try {
    const client = new Client({ transport, clock: systemClock, userAgent: 'wherry-why' });
    const { name, port, from, zone } = options;
    const namespace = options.namespace ?? contextNamespace(text);
    const signal = AbortSignal.timeout(lookMilliseconds);
    const asked = { namespace, name, ...(port === undefined ? {} : { port }) };
    const facts = await gatherFacts(client, { target: asked, from, zone, signal });
    return await tryFrom(facts, client);
  } catch (failure) {
    throw explainSilence(failure, target, `${options.kubeconfig} names it: is it running?`);
  } finally {
    await transport.close();
  }
}

/** On the first node whose agent does something. */
async function tryFrom(
  gathered: ExplainFacts,
  client: Client,
): Promise<{ facts: ExplainFacts; explanation: Explanation }> {
  const prober = gathered.isLoopback ? loopbackProber : agentProber(client);
  const nodes = clientNodes(gathered).slice(0, nodesAskedMax);
  let first: { facts: ExplainFacts; explanation: Explanation } | undefined;
  for (const clientNode of nodes.length === 0 ? [undefined] : nodes) {
    const facts = { ...gathered, clientNode };
    const outcomes = await probeAll(planProbes(facts), prober);
    const result = { facts, explanation: explain(facts, outcomes) };
    first ??= result;
    const dials = [...outcomes].filter(([key]) => key.includes(' dial '));
    if (dials.length === 0 || dials.some(([, { type }]) => type !== 'failed')) return result;
  }
  return first!;
}

const marks = { ok: 'ok', wrong: '!!', warning: ' !', skipped: '--' } as const;
const colours = { ok: 'green', wrong: 'red', warning: 'yellow', skipped: 'gray' } as const;

function checkLine({ name, state, text }: Check): string {
  // Coloured where standard output is a terminal that wants it.
  const mark = styleText(colours[state], marks[state]);
  return `${mark}  ${name.padEnd(14)}  ${state === 'skipped' ? 'skipped: ' : ''}${text}\n`;
}

const placeText = ({ from, clientNode, isLoopback }: ExplainFacts): string => {
  if (isLoopback) return 'from this machine';
  if (from !== undefined) return `from pod ${from.metadata.namespace}/${from.metadata.name}`;
  return clientNode === undefined ? 'without a node to try from' : `from node ${clientNode}`;
};

function plainText(facts: ExplainFacts, { checks, sentence }: Explanation): string {
  const { namespace, name } = facts.target;
  return `Service ${namespace}/${name}, looked at ${placeText(facts)}\n\n${checks.map(checkLine).join('')}\n${sentence}\n`;
}

function jsonText(facts: ExplainFacts, explanation: Explanation): string {
  const { target, from, clientNode } = facts;
  const { verdict, reason, sentence, checks } = explanation;
  const said = {
    ...target,
    ...(clientNode === undefined ? {} : { node: clientNode }),
    ...(from === undefined ? {} : { from: `${from.metadata.namespace}/${from.metadata.name}` }),
    ...{ verdict, reason, sentence, checks },
  };
  return `${JSON.stringify(said, null, 2)}\n`;
}
