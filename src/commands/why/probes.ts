/** Has the probes of `wherry why` done: by the agents of the nodes, or, in a cluster in 127.0.0.0/8, by this process. */
import { failureOf } from '../../client/answer.ts';
import { bodyBytes } from '../../client/transport.ts';
import type { Client } from '../../client/typed-client.ts';
import { realPort } from '../../lib/low-ports.ts';
import { systemClock } from '../../lib/system.ts';
import { probeHere } from '../../proxy/probes/here.ts';
import { probePath } from '../../proxy/probes/probe-route.ts';
import {
  type PlannedProbe,
  type Probe,
  type ProbeOutcome,
  type ProbeOutcomes,
  type ProbePlace,
  probeKey,
} from '../../service/probe.ts';

export interface Prober {
  /** One outcome for each, in their order. Never rejects. */
  probe(place: ProbePlace, probes: readonly Probe[]): Promise<readonly ProbeOutcome[]>;
}

/** All of them, those of one place together. */
export async function probeAll(planned: readonly PlannedProbe[], prober: Prober): Promise<ProbeOutcomes> {
  const places = Map.groupBy(planned, ({ place }) => JSON.stringify(place));
  const outcomes = new Map<string, ProbeOutcome>();
  await Promise.all(
    [...places.values()].map(async (each) => {
      const answers = await prober.probe(
        each[0]!.place,
        each.map(({ probe }) => probe),
      );
      for (const [index, one] of each.entries())
        outcomes.set(probeKey(one), answers[index] ?? { type: 'failed', why: 'the agent did not say' });
    }),
  );
  return outcomes;
}

const requestMilliseconds = 30_000;

/** Through the API server to the kubelet server of each node. */
export function agentProber(client: Client): Prober {
  return {
    async probe({ node, pod }, probes) {
      const why = (text: string) => probes.map((): ProbeOutcome => ({ type: 'failed', why: text }));
      try {
        const response = await client.send({
          method: 'POST',
          url: `/api/v1/nodes/${encodeURIComponent(node)}/proxy${probePath}`,
          headers: { 'content-type': 'application/json' },
          body: Buffer.from(JSON.stringify({ probes, ...(pod && { pod }) })),
          signal: AbortSignal.timeout(requestMilliseconds),
        });
        if (response.status !== 200)
          return why(`the agent of node ${node} does not answer (${failureOf(response).message})`);
        const body = JSON.parse(Buffer.from(bodyBytes(response)).toString('utf8')) as { outcomes?: unknown };
        return Array.isArray(body.outcomes)
          ? (body.outcomes as ProbeOutcome[])
          : why(`the agent of node ${node} answers something else`);
      } catch (error) {
        return why(`the agent of node ${node} does not answer (${(error as Error).message})`);
      }
    },
  };
}

const isRefused = (outcome: ProbeOutcome): boolean =>
  (outcome.type === 'dial' && outcome.result === 'refused') ||
  (outcome.type === 'resolve' && outcome.result === 'noServer');

/** Who may not listen below 1024 listens higher. */
function shifted(probe: Probe): Probe | undefined {
  if (probe.type === 'resolve')
    return { ...probe, server: `${probe.server}:${realPort(53, { lowPorts: false })}` };
  if (probe.type !== 'dial') return undefined;
  const port = realPort(probe.port, { lowPorts: false });
  return port === probe.port ? undefined : { ...probe, port };
}

/** Everything has an address of this machine. */
export const loopbackProber: Prober = {
  probe: (_place, probes) =>
    Promise.all(
      probes.map(async (probe) => {
        const outcome = await probeHere(probe, { clock: systemClock });
        const higher = isRefused(outcome) ? shifted(probe) : undefined;
        return higher === undefined ? outcome : probeHere(higher, { clock: systemClock });
      }),
    ),
};
