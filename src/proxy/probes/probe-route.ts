/**
 * `POST /wherry/v1/probe` of a node's kubelet server: tries on the node, or from inside one of its pods, what
 * `wherry why` asks for. Whoever may come here may exec into pods too.
 */
import type { Clock } from '../../lib/clock.ts';
import type { Exec } from '../../lib/exec.ts';
import { isIPv6, parseAddress } from '../../lib/ip.ts';
import type { Random } from '../../lib/random.ts';
import type { Nft } from '../../nft/nft.ts';
import type { Probe, ProbeOutcome } from '../../service/probe.ts';
import { type NodeNetwork, tableFamily, tableName } from '../layout.ts';
import { podProbeBytesMax, podProbeMilliseconds, probesMax } from '../limits.ts';
import type { Planner } from '../planner.ts';
import { missingInKernel, traceConnection } from '../trace.ts';
import { probeHere } from './here.ts';

/** The rules of this node. */
export interface ProbedRules {
  /** Undefined until the proxy has begun. */
  current(): { readonly planner: Planner; readonly network: NodeNetwork } | undefined;
  /** When what is under way is done. */
  settled(): Promise<void>;
  readonly nft: Nft;
}

export interface ProbeRouteOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly exec: Exec;
  /** Undefined: a process forwards, there are no rules. */
  readonly rules: ProbedRules | undefined;
  /** Path of the network namespace of a pod of this node; undefined when it does not run here. */
  podNetwork(namespace: string, name: string): Promise<string | undefined>;
  /** Does the probes that it reads from its standard input, `probe-program.ts`; with the program before it. */
  readonly probeCommand: readonly string[];
}

export interface ProbeRequest {
  readonly probes: readonly Probe[];
  readonly pod?: { readonly namespace: string; readonly name: string };
}

export interface ProbeAnswer {
  readonly status: number;
  readonly json: { readonly outcomes: readonly ProbeOutcome[] } | { readonly message: string };
}

export const probePath = '/wherry/v1/probe';

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= 512;
const isAddress = (value: unknown): boolean => isText(value) && parseAddress(value) !== undefined;
const isProtocol = (value: unknown): boolean => value === 'TCP' || value === 'UDP';
const isPort = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65_535;

function isProbe(value: unknown): value is Probe {
  if (!isFields(value)) return false;
  const { type, protocol, address, port, server, name, record, service, source, destination } = value;
  switch (type) {
    case 'dial':
      return isProtocol(protocol) && isAddress(address) && isPort(port);
    case 'resolve':
      return isText(server) && isText(name) && isText(record) && /^(A|AAAA|CNAME)$/.test(record);
    case 'sockets':
      return true;
    case 'trace':
      return (
        isProtocol(protocol) &&
        isText(service) &&
        (source === '' || isAddress(source)) &&
        isAddress(destination) &&
        isPort(port)
      );
    default:
      return false;
  }
}

/** Undefined when it is not one. */
export function parseProbeRequest(body: unknown): ProbeRequest | undefined {
  if (!isFields(body) || !Array.isArray(body.probes) || body.probes.length > probesMax) return undefined;
  const probes = body.probes as readonly unknown[];
  if (!probes.every(isProbe)) return undefined;
  const { pod } = body;
  if (pod === undefined) return { probes };
  if (!isFields(pod) || !isText(pod.namespace) || !isText(pod.name)) return undefined;
  return { probes, pod: { namespace: pod.namespace, name: pod.name } };
}

/** `body`: as it came, or parsed. */
export async function answerProbes(body: unknown, options: ProbeRouteOptions): Promise<ProbeAnswer> {
  const request = parseProbeRequest(asJson(body));
  if (request === undefined)
    return { status: 400, json: { message: `the body is no list of at most ${probesMax} probes` } };
  const { pod, probes } = request;
  const outcomes =
    pod === undefined
      ? await Promise.all(probes.map((probe) => probeOnNode(probe, options)))
      : await probeInPod({ pod, probes }, options);
  return { status: 200, json: { outcomes } };
}

function asJson(body: unknown): unknown {
  if (!(body instanceof Uint8Array) && typeof body !== 'string') return body;
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
}

function probeOnNode(probe: Probe, options: ProbeRouteOptions): Promise<ProbeOutcome> {
  return probe.type === 'trace' ? trace(probe, options) : probeHere(probe, options);
}

const failed = (why: string): ProbeOutcome => ({ type: 'failed', why });

async function trace(
  probe: Extract<Probe, { type: 'trace' }>,
  { rules, clock, random }: ProbeRouteOptions,
): Promise<ProbeOutcome> {
  if (rules === undefined) return failed('a process forwards on this node, not the kernel');
  await rules.settled();
  const current = rules.current();
  if (current === undefined) return failed('the proxy of this node has not begun yet');
  const { planner, network } = current;
  const { source, destination, port, service } = probe;
  const family = isIPv6(destination) ? 'IPv6' : 'IPv4';
  try {
    const reading = await rules.nft.read({ family: tableFamily(family), name: tableName });
    const wanted = planner.get(service)?.contributions[family];
    const missing = wanted === undefined ? [`Service ${service}`] : missingInKernel(wanted, reading);
    const own = network.nodeAddresses.find((each) => isIPv6(each) === isIPv6(destination)) ?? '';
    const { sentence } = await traceConnection(
      planner,
      {
        protocol: probe.protocol === 'TCP' ? 'tcp' : 'udp',
        source: source === '' ? own : source,
        destination,
        port,
        origin: source === '' ? 'host' : 'network',
      },
      { network, clock, random },
    );
    return {
      type: 'trace',
      sentence,
      missing: reading === undefined ? [`table ${tableName}`, ...missing] : missing,
    };
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}

async function probeInPod(
  { pod, probes }: Required<ProbeRequest>,
  options: ProbeRouteOptions,
): Promise<readonly ProbeOutcome[]> {
  const all = (why: string) => probes.map(() => failed(why));
  const name = `pod ${pod.namespace}/${pod.name}`;
  const network = await options.podNetwork(pod.namespace, pod.name);
  if (network === undefined) return all(`${name} does not run on this node`);
  const { code, stdout, stderr } = await options.exec(
    'nsenter',
    [`--net=${network}`, '--', ...options.probeCommand],
    {
      input: JSON.stringify({ probes }),
      milliseconds: podProbeMilliseconds,
      outputBytesMax: podProbeBytesMax,
    },
  );
  const answer = code === 0 ? asJson(stdout) : undefined;
  if (isFields(answer) && Array.isArray(answer.outcomes) && answer.outcomes.length === probes.length)
    return answer.outcomes as readonly ProbeOutcome[];
  return all(`nothing could be tried from inside ${name}: ${stderr.split('\n')[0] || `exit code ${code}`}`);
}
