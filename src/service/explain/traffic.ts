/** From the client to the Service's addresses: policies, the kernel's rules, and the connection itself. */
import type { ServicePort } from '../../kinds/generated/types.ts';
import { selectorMatches } from '../../kinds/label-selector.ts';
import { type DialResult, outcomeOf } from '../probe.ts';
import {
  type ClusterDoor,
  clientSource,
  clientText,
  clusterDoors,
  dialFrom,
  dialProtocol,
  type ExplainCase,
  type NodePortPlace,
  nodePortPlaces,
  portText,
} from './case.ts';
import { type Check, counted, listed, ok, skipped, warning, wrong } from './check.ts';
import { traceNodePort, traceTo } from './plan-probes.ts';
import { livingPods } from './pods.ts';

const isGood = (result: DialResult): boolean => result === 'connected' || result === 'silent';

/** Policies that keep this client, or some clients, from endpoints that there are. */
export function policyChecks(look: ExplainCase): Check[] {
  const { service, resolutions, place } = look;
  const { internalTrafficPolicy, externalTrafficPolicy, loadBalancerSourceRanges = [] } = service.spec ?? {};
  const checks: Check[] = [];
  // A process that forwards for the whole cluster is near to every pod.
  const isForwarded = look.facts.isLoopback || look.shape !== 'virtual';
  if (internalTrafficPolicy === 'Local' && place !== undefined && !isForwarded) {
    const dropped = resolutions.find(
      ({ internal }) => internal.verdict === 'drop' && internal.reason === 'NoLocalEndpoints',
    );
    if (dropped !== undefined)
      checks.push(
        wrong('policy', {
          reason: 'NoLocalEndpoint',
          text: `internalTrafficPolicy is Local and node ${place.node} has no endpoint of ${portText(dropped.port)} (${listed(nodesOf(look))} ${nodesOf(look).length === 1 ? 'has' : 'have'})`,
          remedy: `run a pod on node ${place.node}, or set internalTrafficPolicy to Cluster`,
        }),
      );
    else checks.push(ok('policy', `internalTrafficPolicy Local: node ${place.node} has an endpoint`));
  }
  const isExternal = service.spec?.type === 'NodePort' || service.spec?.type === 'LoadBalancer';
  if (externalTrafficPolicy === 'Local' && isExternal && nodesOf(look).length > 0)
    checks.push(
      warning('policy', {
        reason: 'LocalEndpointsOnly',
        text: `externalTrafficPolicy Local: from outside only ${listed(nodesOf(look))} answer${nodesOf(look).length === 1 ? 's' : ''}`,
      }),
    );
  if (loadBalancerSourceRanges.length > 0 && service.spec?.type === 'LoadBalancer')
    checks.push(
      warning('policy', {
        reason: 'SourceRanges',
        text: `its load balancer lets in only clients from ${listed(loadBalancerSourceRanges)}`,
      }),
    );
  return checks;
}

const nodesOf = ({ resolutions }: ExplainCase): string[] =>
  [...new Set(resolutions.flatMap(({ cluster }) => cluster.endpoints.map(({ nodeName }) => nodeName)))]
    .filter((name) => name !== '')
    .sort();

/** The agent looks after its rules twice a minute. */
const rulesMissing = (name: 'rules' | 'node port', node: string, missing: readonly string[]): Check =>
  wrong(name, {
    reason: 'NoRuleInKernel',
    text: `the kernel of node ${node} lacks ${counted(missing.length, 'rule')} that lead${missing.length === 1 ? 's' : ''} to it (${listed(missing, 1)})`,
    remedy: `wait half a minute for the agent of node ${node} to make them anew, or restart it`,
  });

export function rulesCheck(look: ExplainCase): Check[] {
  const { place, facts } = look;
  const doors = clusterDoors(look);
  if (doors.length === 0) return [];
  if (facts.isLoopback) return [skipped('rules', 'a process forwards here, not the kernel')];
  if (place === undefined) return [skipped('rules', 'there is no node to look at', 'NotProbed')];
  let why: string | undefined;
  let sentence: string | undefined;
  for (const { address, resolution } of doors) {
    const protocol = dialProtocol(resolution.port);
    if (protocol === undefined) continue;
    const planned = traceTo(look, { protocol, address, port: resolution.port.port });
    const outcome = planned && outcomeOf(look.outcomes, planned, 'trace');
    if (outcome === undefined) continue;
    if (typeof outcome === 'string') why ??= outcome;
    else if (outcome.missing.length > 0) return [rulesMissing('rules', place.node, outcome.missing)];
    else sentence ??= outcome.sentence;
  }
  if (sentence !== undefined) return [ok('rules', `node ${place.node}: ${sentence}`)];
  return [skipped('rules', why ?? 'not tried', 'NotProbed')];
}

const failures: Readonly<Record<Exclude<DialResult, 'connected' | 'silent'>, string>> = {
  refused: 'is refused',
  unreachable: 'finds no way',
  timedOut: 'gets no answer',
  closed: 'is accepted and closed at once',
};

const reasons = {
  refused: 'ConnectionRefused',
  unreachable: 'ConnectionTimedOut',
  timedOut: 'ConnectionTimedOut',
  closed: 'ConnectionClosed',
} as const;

/** Programs that hang up on everybody do it to who dials them directly, too. */
function hangsUp(look: ExplainCase, { resolution }: ClusterDoor): boolean {
  const protocol = dialProtocol(resolution.port);
  return resolution.cluster.endpoints.some(({ address, port }) => {
    if (look.place === undefined || protocol === undefined) return false;
    const outcome = outcomeOf(look.outcomes, dialFrom(look.place, { protocol, address, port }), 'dial');
    return typeof outcome === 'object' && outcome.result === 'closed';
  });
}

export function connectionChecks(look: ExplainCase): Check[] {
  const { place } = look;
  return clusterDoors(look).map((door) => {
    const { address, resolution } = door;
    const { port } = resolution;
    const protocol = dialProtocol(port);
    const to = `${address}:${port.port}`;
    if (protocol === undefined)
      return skipped('connection', `${portText(port)} cannot be tried`, 'NotProbed');
    if (place === undefined) return skipped('connection', 'there is no node to try it from', 'NotProbed');
    const outcome = outcomeOf(look.outcomes, dialFrom(place, { protocol, address, port: port.port }), 'dial');
    if (typeof outcome === 'string') return skipped('connection', `${to}: ${outcome}`, 'NotProbed');
    const { result } = outcome;
    if (isGood(result) || (result === 'closed' && hangsUp(look, door)))
      return ok(
        'connection',
        result === 'silent'
          ? `nobody refuses what ${clientText(look)} sends to ${to}/${protocol}`
          : `${clientText(look)} reaches ${to}/${protocol}`,
      );
    if (result === 'connected' || result === 'silent') return ok('connection', to);
    return wrong('connection', {
      reason: isHairpin(look, door) ? 'HairpinFails' : reasons[result],
      text: isHairpin(look, door)
        ? `${clientText(look)} is its only endpoint and cannot reach itself through ${to}`
        : `a connection from ${clientText(look)} to ${to}/${protocol} ${failures[result]}`,
      remedy: isHairpin(look, door)
        ? `turn hairpin mode on at the bridge of node ${place.node}`
        : look.facts.isLoopback
          ? 'look at the log of the server, which forwards'
          : `look at the log of the agent on node ${place.node}`,
    });
  });
}

/** Ports at whose cluster IP the client gets no answer; a Service's other ports may answer all the same. */
export function deafPorts(look: ExplainCase): ServicePort[] {
  const { place } = look;
  const deaf = clusterDoors(look).filter(({ address, resolution: { port } }) => {
    const protocol = dialProtocol(port);
    if (place === undefined || protocol === undefined) return false;
    const outcome = outcomeOf(look.outcomes, dialFrom(place, { protocol, address, port: port.port }), 'dial');
    return typeof outcome === 'object' && !isGood(outcome.result) && outcome.result !== 'closed';
  });
  return [...new Set(deaf.map(({ resolution }) => resolution.port))];
}

/** The client can only reach itself. */
function isHairpin(look: ExplainCase, { resolution }: ClusterDoor): boolean {
  const source = clientSource(look);
  const { endpoints } = resolution.cluster;
  return source !== '' && endpoints.length > 0 && endpoints.every(({ address }) => address === source);
}

export function hairpinChecks(look: ExplainCase): Check[] {
  const source = clientSource(look);
  if (source === '') return [];
  const isOwn = clusterDoors(look).some(({ resolution }) =>
    resolution.cluster.endpoints.some(({ address }) => address === source),
  );
  return isOwn
    ? [ok('hairpin', `${clientText(look)} is an endpoint itself: it may be sent back to itself`)]
    : [];
}

export function nodePortChecks(look: ExplainCase): Check[] {
  const { place } = look;
  const { type } = look.service.spec ?? {};
  if (type !== 'NodePort' && type !== 'LoadBalancer') return [];
  const places = nodePortPlaces(look);
  if (places.length === 0) return [skipped('node port', 'no node has one that should answer', 'NoEndpoints')];
  const good: string[] = [];
  let why: string | undefined;
  for (const each of places) {
    const { address, port } = each;
    const protocol = dialProtocol(port);
    if (protocol === undefined || place === undefined) continue;
    const number = port.nodePort ?? 0;
    const outcome = outcomeOf(look.outcomes, dialFrom(place, { protocol, address, port: number }), 'dial');
    if (typeof outcome === 'string') why ??= outcome;
    else if (outcome.result === 'connected' || outcome.result === 'silent' || outcome.result === 'closed')
      good.push(`${address}:${number}`);
    else return [nodePortFailure(look, each, outcome.result)];
  }
  if (good.length > 0) return [ok('node port', `${listed(good)} answer${good.length === 1 ? 's' : ''}`)];
  return [skipped('node port', why ?? 'not tried', 'NotProbed')];
}

/** Its node may have lost its rules. */
function nodePortFailure(
  look: ExplainCase,
  each: NodePortPlace,
  result: Exclude<DialResult, 'connected' | 'silent'>,
): Check {
  const { address, port, node } = each;
  const planned = traceNodePort(look, each);
  const traced = planned && outcomeOf(look.outcomes, planned, 'trace');
  if (typeof traced === 'object' && traced.missing.length > 0)
    return rulesMissing('node port', node, traced.missing);
  return wrong('node port', {
    reason: 'NodePortFails',
    text: `a connection from ${clientText(look)} to node port ${address}:${port.nodePort} of node ${node} ${failures[result]}`,
    remedy: look.facts.isLoopback
      ? 'look at the log of the server, which forwards'
      : `look at the agent of node ${node}`,
  });
}

export function affinityChecks({ service }: ExplainCase): Check[] {
  if (service.spec?.sessionAffinity !== 'ClientIP') return [];
  const seconds = service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800;
  return [ok('affinity', `a client keeps to one endpoint until it is idle for ${seconds} s`, 'Affinity')];
}

/** Said even where all is well: who wrote one believes it holds. */
export function networkPolicyChecks(look: ExplainCase): Check[] {
  const pods = livingPods(look);
  const selecting = look.facts.networkPolicies.filter(({ spec }) =>
    pods.some(({ metadata }) => selectorMatches(spec?.podSelector ?? {}, metadata.labels)),
  );
  if (selecting.length === 0) return [];
  return [
    warning('network policy', {
      reason: 'NetworkPolicyNotEnforced',
      text: `${counted(selecting.length, 'NetworkPolicy').replace('Policys', 'Policies')} (${listed(selecting.map(({ metadata }) => metadata.name ?? ''))}) ${selecting.length === 1 ? 'selects' : 'select'} its pods, but no NetworkPolicy is enforced here`,
    }),
  ];
}
