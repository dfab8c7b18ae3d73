/**
 * What can be tried on a node to find out why a Service does not answer, and what came of it. The agent does it
 * (src/proxy/probe-route.ts); in a cluster in 127.0.0.0/8 the command itself; `explain.ts` draws the conclusions.
 */

export type ProbeProtocol = 'TCP' | 'UDP';

/** Where it is tried: on a node, or in the network of one of its pods. */
export interface ProbePlace {
  readonly node: string;
  readonly pod?: { readonly namespace: string; readonly name: string };
}

export type Probe =
  /** Opens a connection, or sends a datagram and listens for a refusal. */
  | {
      readonly type: 'dial';
      readonly protocol: ProbeProtocol;
      readonly address: string;
      readonly port: number;
    }
  /** Asks one DNS server for one name. */
  | {
      readonly type: 'resolve';
      readonly server: string;
      readonly name: string;
      readonly record: 'A' | 'AAAA' | 'CNAME';
    }
  /** What is listened on. */
  | { readonly type: 'sockets' }
  /** Walks a connection through the rules, and looks whether the kernel has what the Service needs. `service`: its key. */
  | {
      readonly type: 'trace';
      readonly service: string;
      readonly protocol: ProbeProtocol;
      /** '' for the node itself. */
      readonly source: string;
      readonly destination: string;
      readonly port: number;
    };

/**
 * `closed`: accepted, and closed at once without a word. `silent`: a datagram was sent and neither answered nor refused.
 * `unreachable`: no way there, or somebody on the way refused.
 */
export type DialResult = 'connected' | 'closed' | 'refused' | 'unreachable' | 'timedOut' | 'silent';

export interface ListeningSocket {
  readonly protocol: ProbeProtocol;
  /** `::` and `0.0.0.0` are every address. */
  readonly address: string;
  readonly port: number;
}

export type ProbeOutcome =
  | { readonly type: 'dial'; readonly result: DialResult }
  | {
      readonly type: 'resolve';
      /**
       * `noName`: NXDOMAIN. `noData`: the name is there, without such a record. `failed`: the server has tried
       * (SERVFAIL). `noServer`: nobody answered.
       */
      readonly result: 'answered' | 'noName' | 'noData' | 'refused' | 'failed' | 'noServer';
      readonly values: readonly string[];
    }
  | { readonly type: 'sockets'; readonly sockets: readonly ListeningSocket[] }
  | {
      readonly type: 'trace';
      /** As `traceConnection` has it. */
      readonly sentence: string;
      /** What the Service needs in the kernel and is not there. */
      readonly missing: readonly string[];
    }
  /** It could not be tried. */
  | { readonly type: 'failed'; readonly why: string };

export interface PlannedProbe {
  readonly place: ProbePlace;
  readonly probe: Probe;
}

/** By `probeKey`. */
export type ProbeOutcomes = ReadonlyMap<string, ProbeOutcome>;

/** The same text for the same probe at the same place. */
export function probeKey({ place, probe }: PlannedProbe): string {
  const where = place.pod === undefined ? place.node : `${place.pod.namespace}/${place.pod.name}`;
  switch (probe.type) {
    case 'dial':
      return `${where} dial ${probe.protocol} ${probe.address} ${probe.port}`;
    case 'resolve':
      return `${where} resolve ${probe.record} ${probe.name} ${probe.server}`;
    case 'sockets':
      return `${where} sockets`;
    case 'trace':
      return `${where} trace ${probe.protocol} ${probe.source} ${probe.destination} ${probe.port}`;
  }
}

/** The outcome, when it is of the type that was asked for; a text when it could not be tried. */
export function outcomeOf<Type extends Exclude<ProbeOutcome['type'], 'failed'>>(
  outcomes: ProbeOutcomes,
  planned: PlannedProbe,
  type: Type,
): Extract<ProbeOutcome, { type: Type }> | string {
  const outcome = outcomes.get(probeKey(planned));
  if (outcome === undefined) return 'it was not tried';
  if (outcome.type === 'failed') return outcome.why;
  return outcome.type === type
    ? (outcome as Extract<ProbeOutcome, { type: Type }>)
    : 'the answer is of another kind';
}
