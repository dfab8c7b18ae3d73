/**
 * Why a Service does not answer: the troubleshooting list of every Kubernetes book as a pure function from what the API
 * says and what was tried to findings with reasons, and one sentence. Behind `wherry why`.
 */

import { type ExplainCase, makeCase, portText } from './explain/case.ts';
import { type Check, type CheckName, checkNames, type FindingReason, listed } from './explain/check.ts';
import { definitionChecks, missingService, portChecks, serviceCheck } from './explain/definition.ts';
import { endpointsChecks, listeningChecks, targetPortChecks } from './explain/endpoints.ts';
import type { ExplainFacts } from './explain/facts.ts';
import { loadBalancerChecks } from './explain/load-balancer.ts';
import { dnsChecks } from './explain/names.ts';
import { probesOf } from './explain/plan-probes.ts';
import { podsCheck, readinessCheck } from './explain/pods.ts';
import {
  affinityChecks,
  connectionChecks,
  deafPorts,
  hairpinChecks,
  networkPolicyChecks,
  nodePortChecks,
  policyChecks,
  rulesCheck,
} from './explain/traffic.ts';
import type { PlannedProbe, ProbeOutcomes } from './probe.ts';

export type { Check, CheckName, CheckState, FindingReason } from './explain/check.ts';
export type {
  Announcement,
  ExplainFacts,
  ExplainTarget,
  ObjectPlace,
  ServiceEvent,
  Workload,
} from './explain/facts.ts';

export interface Explanation {
  /** `unknown`: nothing is wrong as far as the API goes, but nothing could be tried. */
  readonly verdict: 'answers' | 'broken' | 'unknown';
  /** Of the cause; of what keeps it unknown; else `Fine`. */
  readonly reason: FindingReason;
  /** What is wrong and what to do, in one; in a second what else would still be wrong then. */
  readonly sentence: string;
  readonly checks: readonly Check[];
}

/** What is to be tried before `explain`. Nothing where the facts tell everything. */
export function planProbes(facts: ExplainFacts): PlannedProbe[] {
  return facts.service === undefined ? [] : probesOf(makeCase(facts, facts.service, new Map()));
}

export function explain(facts: ExplainFacts, outcomes: ProbeOutcomes): Explanation {
  const { target, service } = facts;
  if (service === undefined) {
    const check = missingService(facts);
    const sentence = sentenceOfWrong(`${target.namespace}/${target.name}`, check);
    return { verdict: 'broken', reason: check.reason, sentence, checks: [check] };
  }
  const look = makeCase(facts, service, outcomes);
  const checks = checksOf(look);
  return { ...conclusion(look, checks), checks };
}

/** All of them, in order. A port that is not there leaves nothing to try. */
function checksOf(look: ExplainCase): Check[] {
  const start = [serviceCheck(look), ...portChecks(look), ...definitionChecks(look)];
  if (look.ports.length === 0 && look.facts.target.port !== undefined) return start;
  const all = [
    ...start,
    podsCheck(look),
    ...(look.hasSelector ? [readinessCheck(look)] : []),
    ...endpointsChecks(look),
    ...targetPortChecks(look),
    ...listeningChecks(look),
    ...policyChecks(look),
    ...rulesCheck(look),
    ...loadBalancerChecks(look),
    ...connectionChecks(look),
    ...nodePortChecks(look),
    ...hairpinChecks(look),
    ...dnsChecks(look),
    ...affinityChecks(look),
    ...networkPolicyChecks(look),
  ];
  const rank = new Map<CheckName, number>(checkNames.map((name, index) => [name, index]));
  return all.sort((one, other) => rank.get(one.name)! - rank.get(other.name)!);
}

const adviceOf = ({ text, reason, remedy }: Check): string =>
  `${text} (${reason})${remedy === undefined ? '' : `: ${remedy}`}`;

const endOf = ({ remedy }: Check): string => (remedy?.startsWith('did you mean') ? '?' : '.');

function sentenceOfWrong(name: string, cause: Check, how = 'does not answer'): string {
  return `Service ${name} ${how} because ${adviceOf(cause)}${endOf(cause)}`;
}

/** Wrong in any case when what stands before it in the list is. */
const consequences: ReadonlySet<FindingReason> = new Set([
  'ConnectionRefused',
  'ConnectionTimedOut',
  'ConnectionClosed',
  'HairpinFails',
  'LoadBalancerFails',
  'NodePortFails',
]);

const furtherCausesMax = 2;

/** What would still be wrong when the cause is mended. */
function furtherCauses(checks: readonly Check[], cause: Check): Check[] {
  // An ExternalName that is an address does not resolve for that reason.
  const isAddress = cause.reason === 'ExternalNameIsAddress';
  const texts = new Set([cause.text]);
  return checks
    .filter(({ state, name, reason, text }) => {
      if (state !== 'wrong' || consequences.has(reason) || (isAddress && name === 'dns')) return false;
      return !texts.has(text) && texts.add(text);
    })
    .slice(0, furtherCausesMax);
}

function besides(checks: readonly Check[], cause: Check): string {
  const further = furtherCauses(checks, cause);
  const last = further.at(-1);
  return last === undefined ? '' : ` Besides, ${further.map(adviceOf).join('; and ')}${endOf(last)}`;
}

function conclusion(
  look: ExplainCase,
  checks: readonly Check[],
): Pick<Explanation, 'verdict' | 'reason' | 'sentence'> {
  const { namespace, name } = look.service.metadata;
  const at = `${namespace}/${name}`;
  const cause = checks.find(({ state }) => state === 'wrong');
  if (cause !== undefined) {
    const sentence = sentenceOfWrong(at, cause, howOf(look, checks, cause)) + besides(checks, cause);
    return { verdict: 'broken', reason: cause.reason, sentence };
  }
  const answer = answerOf(look, checks);
  if (answer === undefined) {
    const skip = checks.find(({ reason }) => reason === 'NotProbed');
    return {
      verdict: 'unknown',
      reason: 'NotProbed',
      sentence: `Service ${at} looks right, but nothing could be tried: ${skip?.text ?? 'there is nothing to dial'}.`,
    };
  }
  const but = checks.find(({ state }) => state === 'warning');
  const remark = but === undefined ? '' : `; mind that ${but.text} (${but.reason})`;
  return { verdict: 'answers', reason: 'Fine', sentence: `Service ${at} answers: ${answer.text}${remark}.` };
}

/** What shows best that it answers: a connection to it, to its endpoints, or, where there is nothing to dial, its name. */
function answerOf({ shape, ports }: ExplainCase, checks: readonly Check[]): Check | undefined {
  const fine = (wanted: CheckName) => checks.find(({ name, state }) => name === wanted && state === 'ok');
  if (shape === 'externalName' || (shape === 'headless' && ports.length === 0)) return fine('dns');
  return fine('connection') ?? fine('listening');
}

const aboutPorts: ReadonlySet<CheckName> = new Set([
  'endpoints',
  'listening',
  'policy',
  'rules',
  'connection',
]);

/** Which of its ways is closed, where others are open. */
function howOf(look: ExplainCase, checks: readonly Check[], cause: Check): string {
  const isReached = checks.some(({ name, state }) => name === 'connection' && state === 'ok');
  if (cause.reason === 'SomeEndpointsFail') return 'does not always answer';
  if (cause.name === 'dns' && look.shape !== 'externalName') return 'does not answer by name';
  if (isReached && cause.name === 'load balancer') return 'does not answer from outside';
  if (isReached && cause.name === 'node port') return 'does not answer at its node port';
  const deaf = isReached ? deafPorts(look) : [];
  if (deaf.length > 0 && aboutPorts.has(cause.name))
    return `does not answer at port ${listed(deaf.map(portText))}`;
  return 'does not answer';
}
