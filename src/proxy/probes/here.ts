/** Tries things in the network of this process. */
import { Resolver } from 'node:dns/promises';
import type { Clock } from '../../lib/clock.ts';
import type { Probe, ProbeOutcome } from '../../service/probe.ts';
import { resolveMilliseconds } from '../limits.ts';
import { dialTcp, dialUdp } from './dial.ts';
import { listeningSockets } from './sockets.ts';

type ResolveProbe = Extract<Probe, { type: 'resolve' }>;
type Resolved = Extract<ProbeOutcome, { type: 'resolve' }>;

/** c-ares' codes. */
const results: Readonly<Record<string, Resolved['result']>> = {
  ENOTFOUND: 'noName',
  ENODATA: 'noData',
  EREFUSED: 'refused',
  ESERVFAIL: 'failed',
  ENOTIMP: 'refused',
  EFORMERR: 'refused',
};

async function resolveName({ server, name, record }: ResolveProbe): Promise<Resolved> {
  const resolver = new Resolver({ timeout: resolveMilliseconds, tries: 2 });
  try {
    resolver.setServers([server]);
    const values = await resolver.resolve(name, record);
    return { type: 'resolve', result: 'answered', values: [...values].sort() };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return { type: 'resolve', result: results[code] ?? 'noServer', values: [] };
  }
}

/** Never rejects. `trace` is for whoever has the rules. */
export async function probeHere(probe: Probe, options: { clock: Clock }): Promise<ProbeOutcome> {
  switch (probe.type) {
    case 'dial': {
      const dial = probe.protocol === 'TCP' ? dialTcp : dialUdp;
      return { type: 'dial', result: await dial(probe, options) };
    }
    case 'resolve':
      return resolveName(probe);
    case 'sockets':
      return { type: 'sockets', sockets: await listeningSockets() };
    case 'trace':
      return { type: 'failed', why: 'there are no rules here' };
  }
}
