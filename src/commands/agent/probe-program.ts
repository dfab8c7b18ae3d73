/**
 * Does the probes that it reads from its standard input, in the network that it was started in, and writes what came of
 * them. The agent starts it inside the network of a pod, for `wherry why --from`.
 */
import { text } from 'node:stream/consumers';
import { systemClock } from '../../lib/system.ts';
import { probeHere } from '../../proxy/probes/here.ts';
import { parseProbeRequest } from '../../proxy/probes/probe-route.ts';

const request = parseProbeRequest(JSON.parse(await text(process.stdin)));
if (request === undefined) throw new Error('these are no probes');
const outcomes = await Promise.all(request.probes.map((probe) => probeHere(probe, { clock: systemClock })));
process.stdout.write(JSON.stringify({ outcomes }));
