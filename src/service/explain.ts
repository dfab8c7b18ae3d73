/**
 * Why a Service does not answer: the troubleshooting list of every Kubernetes book as a pure function from what the API
 * says and what was tried to findings with reasons, and one sentence. Behind `wherry why`.
 */

import { type ExplainCase, makeCase } from './explain/case.ts';
import { type Check, type CheckName, checkNames, type FindingReason } from './explain/check.ts';
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
  hairpinChecks,
  networkPolicyChecks,
  nodePortChecks,
  policyChecks,
  rulesCheck,
} from './explain/traffic.ts';
import type { PlannedProbe, ProbeOutcomes } from './probe.ts';

export type { Check, CheckName, CheckState, FindingReason } from './explain/check.ts';
export type { ExplainFacts, ExplainTarget, ObjectPlace, ServiceEvent, Workload } from './explain/facts.ts';

export interface Explanation {
  /** `unknown`: nothing is wrong as far as the API goes, but nothing could be tried. */
  readonly verdict: 'answers' | 'broken' | 'unknown';
  /** Of the cause; of what keeps it unknown; else `Fine`. */
  readonly reason: FindingReason;
  /** What is wrong and what to do, in one. */
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

function sentenceOfWrong(name: string, { text, reason, remedy }: Check, how = 'does not answer'): string {
  const advice = remedy === undefined ? '' : `: ${remedy}`;
  const end = remedy?.startsWith('did you mean') ? '?' : '.';
  return `Service ${name} ${how} because ${text} (${reason})${advice}${end}`;
}

function conclusion(
  look: ExplainCase,
  checks: readonly Check[],
): Pick<Explanation, 'verdict' | 'reason' | 'sentence'> {
  const { namespace, name } = look.service.metadata;
  const at = `${namespace}/${name}`;
  const cause = checks.find(({ state }) => state === 'wrong');
  if (cause !== undefined) {
    const sentence = sentenceOfWrong(at, cause, howOf(look, checks, cause));
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

/** Which of its ways is closed, where others are open. */
function howOf(look: ExplainCase, checks: readonly Check[], cause: Check): string {
  const isReached = checks.some(({ name, state }) => name === 'connection' && state === 'ok');
  if (cause.reason === 'SomeEndpointsFail') return 'does not always answer';
  if (cause.name === 'dns' && look.shape !== 'externalName') return 'does not answer by name';
  if (isReached && cause.name === 'load balancer') return 'does not answer from outside';
  if (isReached && cause.name === 'node port') return 'does not answer at its node port';
  return 'does not answer';
}
