/** What is looked at, and what is found. */

/** In the order in which they are looked at; of several wrong ones the first is the cause. */
export const checkNames = [
  'service',
  'port',
  'definition',
  'pods',
  'readiness',
  'endpoints',
  'target port',
  'listening',
  'policy',
  'rules',
  'load balancer',
  'connection',
  'node port',
  'hairpin',
  'dns',
  'affinity',
  'network policy',
] as const;

export type CheckName = (typeof checkNames)[number];

/** `warning`: worth knowing, but not what keeps it from answering. */
export type CheckState = 'ok' | 'wrong' | 'warning' | 'skipped';

/** What machines read. A reason never changes its meaning. */
export type FindingReason =
  | 'Fine'
  // service, port, definition
  | 'NoNamespace'
  | 'NoService'
  | 'ServiceTerminating'
  | 'NoSuchPort'
  | 'PortIsTargetPort'
  | 'NoClusterIP'
  | 'OtherProxy'
  | 'ExternalNameIsAddress'
  | 'UnsupportedProtocol'
  // pods, readiness
  | 'NoSelector'
  | 'NoMatchingPods'
  | 'PodsInOtherNamespace'
  | 'PodsFinished'
  | 'ScaledToZero'
  | 'DeploymentPaused'
  | 'PodsNotCreated'
  | 'PodsNotScheduled'
  | 'ImageNotPulled'
  | 'ContainersCrash'
  | 'PodsStarting'
  | 'ReadinessProbeFails'
  | 'ReadinessGateOpen'
  | 'PodsTerminating'
  | 'NodeNotReady'
  | 'PodsNotReady'
  | 'SomePodsNotReady'
  | 'PublishedNotReady'
  // endpoints, target port, listening
  | 'NoEndpoints'
  | 'NamedPortMissing'
  | 'EndpointsBehind'
  | 'EndpointAddressRefused'
  | 'EndpointsNotReady'
  | 'OnlyTerminating'
  | 'TargetPortNotDeclared'
  | 'ProtocolMismatch'
  | 'TargetPortNotListening'
  | 'ListensOnLocalhostOnly'
  | 'ListensOnOtherAddress'
  | 'PodUnreachable'
  | 'SomeEndpointsFail'
  // policy, rules, connection
  | 'NoLocalEndpoint'
  | 'LocalEndpointsOnly'
  | 'SourceRanges'
  | 'NoRuleInKernel'
  | 'ConnectionRefused'
  | 'ConnectionTimedOut'
  | 'ConnectionClosed'
  | 'HairpinFails'
  | 'NodePortFails'
  // load balancer
  | 'LoadBalancerPending'
  | 'PoolExhausted'
  | 'OtherLoadBalancerClass'
  | 'NotAnnounced'
  | 'LoadBalancerFails'
  // dns
  | 'NoClusterDns'
  | 'DnsNoAnswer'
  | 'DnsNoSuchName'
  | 'DnsWrongAddress'
  | 'PodUsesOtherDns'
  | 'ExternalNameNotResolved'
  // the rest
  | 'Affinity'
  | 'NetworkPolicyNotEnforced'
  | 'NotNeeded'
  | 'NotProbed';

export interface Check {
  readonly name: CheckName;
  readonly state: CheckState;
  readonly reason: FindingReason;
  /** What was found, without a full stop: it can follow "because". */
  readonly text: string;
  /** What to do about it, as a request: `change its selector`. */
  readonly remedy?: string;
}

export const ok = (name: CheckName, text: string, reason: FindingReason = 'Fine'): Check => ({
  name,
  state: 'ok',
  reason,
  text,
});

export const skipped = (name: CheckName, text: string, reason: FindingReason = 'NotNeeded'): Check => ({
  name,
  state: 'skipped',
  reason,
  text,
});

type Told = Pick<Check, 'reason' | 'text' | 'remedy'>;

export const wrong = (name: CheckName, told: Told): Check => ({ name, state: 'wrong', ...told });

export const warning = (name: CheckName, told: Told): Check => ({ name, state: 'warning', ...told });

/** `a, b and 3 more` */
export function listed(items: readonly string[], max = 3): string {
  const shown = items.slice(0, max);
  const rest = items.length - shown.length;
  if (rest > 0) return `${shown.join(', ')} and ${rest} more`;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/** `3 pods`, `1 pod` */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** `is`, `are` */
export const isOrAre = (count: number): string => (count === 1 ? 'is' : 'are');
