/** The addresses behind a Service: are there any, and does something listen. */
import type { ContainerPort, Pod } from '../../kinds/generated/types.ts';
import type { RefusedReason } from '../endpoint-candidates.ts';
import { type ListeningSocket, outcomeOf } from '../probe.ts';
import type { PortResolution } from '../resolve.ts';
import { similarNames } from '../similar-names.ts';
import {
  dialFrom,
  dialProtocol,
  type EndpointToDial,
  type ExplainCase,
  endpointsToDial,
  isReadyPod,
  portText,
  publishedAddresses,
  targetPortOf,
} from './case.ts';
import { type Check, counted, type FindingReason, listed, ok, skipped, warning, wrong } from './check.ts';
import { podPlace, socketsIn } from './plan-probes.ts';
import { livingPods } from './pods.ts';

const containersOf = ({ spec }: Pod) => [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];

const declaredPorts = (pods: readonly Pod[]): ContainerPort[] =>
  pods.flatMap((pod) => containersOf(pod).flatMap(({ ports = [] }) => ports));

const declaredText = (ports: readonly ContainerPort[]): string[] => [
  ...new Set(
    ports.map(({ name = '', containerPort, protocol = 'TCP' }) =>
      name === '' ? `${containerPort}/${protocol}` : `${name} (${containerPort}/${protocol})`,
    ),
  ),
];

/** Wherever the client is: policies come later. */
function emptyPort(look: ExplainCase, { port, cluster, refused }: PortResolution): Check {
  const at = portText(port);
  const target = targetPortOf(port);
  if (cluster.reason === 'NoEndpointPort') {
    const declared = declaredPorts(livingPods(look));
    const same = declared.find(({ name }) => name === String(target));
    const similar = similarNames(
      String(target),
      declared.flatMap(({ name }) => name ?? []),
    );
    const have =
      same !== undefined
        ? `${target} is ${same.protocol ?? 'TCP'} in its pods`
        : declared.length === 0
          ? 'they name no ports'
          : `they have ${listed(declaredText(declared))}`;
    return wrong('endpoints', {
      reason: 'NamedPortMissing',
      text: `no container of its pods has a port named ${target}, the targetPort of ${at} (${have})`,
      remedy:
        similar.length > 0
          ? `did you mean targetPort ${listed(similar)}`
          : 'name the port in the pods, or give its number as targetPort',
    });
  }
  const [bad] = refused.filter(({ reason }) => reason !== 'NoPort' && reason !== 'OtherFamily');
  if (bad !== undefined)
    return wrong('endpoints', {
      reason: 'EndpointAddressRefused',
      text: `its endpoint address ${bad.address} is not one that traffic may be sent to (${refusedText[bad.reason]})`,
      remedy: `write another address into EndpointSlice ${bad.slice}`,
    });
  const isBehind = look.hasSelector && livingPods(look).some(isReadyPod);
  if (cluster.leftOut.length > 0 && !look.hasSelector)
    return wrong('endpoints', {
      reason: 'EndpointsNotReady',
      text: `none of its ${counted(cluster.leftOut.length, 'endpoint')} is ready`,
      remedy: 'set their condition ready in the EndpointSlice',
    });
  if (!look.hasSelector)
    return wrong('endpoints', {
      reason: 'NoEndpoints',
      text: 'it has no selector, and nobody has given it endpoints',
      remedy: 'give it a selector, or make an EndpointSlice or Endpoints of its name',
    });
  if (isBehind)
    return wrong('endpoints', {
      reason: 'EndpointsBehind',
      text: 'its pods are ready, but are not in its EndpointSlices',
      remedy: 'see whether the controller endpoint-slice runs',
    });
  return skipped('endpoints', 'no ready pod, so no endpoint', 'NoEndpoints');
}

const refusedText: Readonly<Record<RefusedReason, string>> = {
  NoAddress: 'there is none',
  NotAnAddress: 'it is no address',
  OtherFamily: 'it is of the other family',
  LoopbackAddress: 'it is a loopback address',
  LinkLocalAddress: 'it is a link-local address',
  UnspecifiedAddress: 'it is the unspecified address',
  MulticastAddress: 'it is a multicast address',
  NoPort: 'it has no such port',
};

export function endpointsChecks(look: ExplainCase): Check[] {
  if (look.shape === 'externalName') return [skipped('endpoints', 'an ExternalName has no endpoints')];
  if (look.resolutions.length === 0) return [headlessWithoutPorts(look)];
  // Of a Service of two families, one may have none.
  const alive = new Set(
    look.resolutions.filter(({ cluster }) => cluster.endpoints.length > 0).map(({ port }) => port),
  );
  const shown = look.resolutions.filter(
    ({ port, cluster }) => cluster.endpoints.length > 0 || !alive.has(port),
  );
  return shown.map((resolution) => {
    const { cluster, port } = resolution;
    if (cluster.endpoints.length === 0) return emptyPort(look, resolution);
    const places = cluster.endpoints.map((endpoint) => `${endpoint.address}:${endpoint.port}`);
    if (cluster.reason === 'OnlyTerminating')
      return warning('endpoints', {
        reason: 'OnlyTerminating',
        text: `${portText(port)}: only pods that are being deleted are left (${listed(places)})`,
      });
    return ok('endpoints', `${portText(port)}: ${listed(places)}`);
  });
}

function headlessWithoutPorts(look: ExplainCase): Check {
  if (look.shape !== 'headless') return skipped('endpoints', 'it has no port to look at');
  const published = publishedAddresses(look);
  if (published.length > 0) return ok('endpoints', listed(published));
  const all = look.facts.slices.flatMap(({ endpoints }) => endpoints ?? []);
  if (look.hasSelector && !livingPods(look).some(isReadyPod))
    return skipped('endpoints', 'no ready pod, so no endpoint', 'NoEndpoints');
  return all.length === 0
    ? wrong('endpoints', {
        reason: look.hasSelector ? 'EndpointsBehind' : 'NoEndpoints',
        text: look.hasSelector
          ? 'its pods are ready, but are not in its EndpointSlices'
          : 'it has no selector, and nobody has given it endpoints',
        remedy: look.hasSelector
          ? 'see whether the controller endpoint-slice runs'
          : 'give it a selector, or make an EndpointSlice of its name',
      })
    : wrong('endpoints', {
        reason: 'EndpointsNotReady',
        text: `none of its ${counted(all.length, 'endpoint')} is ready`,
        remedy: 'set their condition ready in the EndpointSlice',
      });
}

/** Declarations are only words: what listens is tried. But they tell a mistake that the trying then confirms. */
export function targetPortChecks(look: ExplainCase): Check[] {
  const pods = livingPods(look);
  return look.ports.flatMap((port) => {
    const target = targetPortOf(port);
    const declared = declaredPorts(pods);
    if (typeof target === 'string' || declared.length === 0) return [];
    const { protocol = 'TCP' } = port;
    const same = declared.filter(({ containerPort }) => containerPort === target);
    if (same.some((each) => (each.protocol ?? 'TCP') === protocol))
      return [ok('target port', `${portText(port)}: its pods declare ${target}/${protocol}`)];
    if (same.length > 0)
      return [
        warning('target port', {
          reason: 'ProtocolMismatch',
          text: `${portText(port)}: its pods declare ${listed(declaredText(same))}, not ${protocol}`,
          remedy: `give the port of the Service protocol ${same[0]?.protocol ?? 'TCP'}`,
        }),
      ];
    return [
      warning('target port', {
        reason: 'TargetPortNotDeclared',
        text: `${portText(port)}: its pods declare ${listed(declaredText(declared))}, not ${target}`,
        remedy: `set targetPort to ${declared[0]?.containerPort}`,
      }),
    ];
  });
}

type Fault = 'refused' | 'lost';

interface Dialled {
  readonly endpoint: EndpointToDial;
  readonly fault?: Fault;
}

const at = ({ address, port }: EndpointToDial): string => `${address}:${port}`;
const who = (endpoint: EndpointToDial): string =>
  endpoint.pod === '' ? at(endpoint) : `${endpoint.pod.split('/')[1]} at ${at(endpoint)}`;

const isEverywhere = ({ address }: ListeningSocket): boolean => address === '0.0.0.0' || address === '::';
const isLocalhost = ({ address }: ListeningSocket): boolean =>
  address.startsWith('127.') || address === '::1';

/** What the endpoint's own pod listens on, over any protocol; undefined where nobody could look. */
function socketsOf(look: ExplainCase, endpoint: EndpointToDial): ListeningSocket[] | undefined {
  const place = podPlace(endpoint);
  const outcome = place === undefined ? undefined : outcomeOf(look.outcomes, socketsIn(place), 'sockets');
  if (typeof outcome !== 'object') return undefined;
  // In a cluster of one process all pods share the machine's sockets.
  return outcome.sockets.filter((socket) => !look.facts.isLoopback || socket.address === endpoint.address);
}

/** Why a port refused, as the pod's own network shows it. */
function refusal(look: ExplainCase, endpoint: EndpointToDial): Check {
  const all = socketsOf(look, endpoint);
  const protocol = dialProtocol(endpoint.servicePort);
  const sockets = all?.filter((socket) => socket.protocol === protocol);
  const here = sockets?.filter(({ port }) => port === endpoint.port) ?? [];
  const told = (reason: FindingReason, text: string, remedy: string) =>
    wrong('listening', { reason, text, remedy });
  if (here.some((socket) => isEverywhere(socket) || socket.address === endpoint.address))
    return told(
      'TargetPortNotListening',
      `pod ${who(endpoint)} listens now, but refused a moment ago`,
      'try again, and see whether its program starts over and over',
    );
  const [only] = here;
  if (only !== undefined && isLocalhost(only))
    return told(
      'ListensOnLocalhostOnly',
      `pod ${who(endpoint)} listens on ${only.address} only, where no other pod reaches it`,
      'let it listen on 0.0.0.0',
    );
  if (only !== undefined)
    return told(
      'ListensOnOtherAddress',
      `pod ${who(endpoint)} listens on ${only.address} only`,
      'let it listen on 0.0.0.0',
    );
  const other = all?.find((socket) => socket.port === endpoint.port && socket.protocol !== protocol);
  if (other !== undefined)
    return told(
      'ProtocolMismatch',
      `pod ${who(endpoint)} listens over ${other.protocol}, and ${portText(endpoint.servicePort)} is for ${protocol}`,
      `give the port of the Service protocol ${other.protocol}`,
    );
  // Ports of TCP are what everybody thinks of; of UDP it has to be said.
  const udp = protocol === 'UDP' ? 'UDP ' : '';
  const isOpen = (socket: ListeningSocket) => look.facts.isLoopback || !isLocalhost(socket);
  const open = [...new Set(sockets?.filter(isOpen).map(({ port }) => port))];
  const others =
    open.length === 0
      ? `, nor on any other ${udp}port`
      : `; it listens on ${udp}${listed(open.map(String), 5)}`;
  const meant = meantPort(look, endpoint, open);
  return told(
    'TargetPortNotListening',
    `nothing listens on ${udp}port ${endpoint.port} of ${endpoint.pod === '' ? 'endpoint' : 'pod'} ${who(endpoint)}${sockets === undefined ? '' : others}`,
    meant === undefined
      ? 'set targetPort to the port that the program listens on, or start the program'
      : `set targetPort to ${meant}`,
  );
}

/** The only open port, or the only one of them that the pod declares. */
function meantPort(look: ExplainCase, endpoint: EndpointToDial, open: readonly number[]): number | undefined {
  const pod = look.facts.pods.find(
    ({ metadata }) => `${metadata.namespace}/${metadata.name}` === endpoint.pod,
  );
  const declared = new Set(
    pod === undefined ? [] : declaredPorts([pod]).map(({ containerPort }) => containerPort),
  );
  const likely = open.filter((port) => declared.has(port));
  return open.length === 1 ? open[0] : likely.length === 1 ? likely[0] : undefined;
}

function faultOf(result: string): Fault | undefined {
  if (result === 'refused') return 'refused';
  return result === 'timedOut' || result === 'unreachable' ? 'lost' : undefined;
}

function listeningOn(look: ExplainCase, endpoints: readonly EndpointToDial[]): Check {
  const [{ servicePort }] = endpoints as [EndpointToDial];
  const protocol = dialProtocol(servicePort);
  if (protocol === undefined)
    return skipped('listening', `${portText(servicePort)} cannot be tried`, 'NotProbed');
  const dialled: Dialled[] = [];
  let why = 'there is no node to try it from';
  for (const endpoint of endpoints) {
    if (look.place === undefined) break;
    const to = { protocol, address: endpoint.address, port: endpoint.port };
    const outcome = outcomeOf(look.outcomes, dialFrom(look.place, to), 'dial');
    if (typeof outcome === 'string') why = outcome;
    else {
      const fault = faultOf(outcome.result);
      dialled.push(fault === undefined ? { endpoint } : { endpoint, fault });
    }
  }
  if (dialled.length === 0) return skipped('listening', `${portText(servicePort)}: ${why}`, 'NotProbed');
  const bad = dialled.filter(({ fault }) => fault !== undefined);
  const [first] = bad;
  if (first === undefined) {
    const one = counted(dialled.length, 'endpoint');
    return ok(
      'listening',
      protocol === 'UDP'
        ? `${portText(servicePort)}: none of ${one} refuses`
        : `${portText(servicePort)}: ${dialled.length} of ${counted(endpoints.length, 'endpoint')} accept${endpoints.length === 1 ? 's' : ''} connections`,
    );
  }
  const found = first.fault === 'refused' ? refusal(look, first.endpoint) : unreachable(first.endpoint);
  if (bad.length === dialled.length) return found;
  return {
    ...found,
    reason: 'SomeEndpointsFail',
    text: `${bad.length} of ${counted(dialled.length, 'endpoint')} do${bad.length === 1 ? 'es' : ''} not answer: ${found.text}`,
  };
}

const unreachable = (endpoint: EndpointToDial): Check =>
  wrong('listening', {
    reason: 'PodUnreachable',
    text: `${endpoint.pod === '' ? 'endpoint' : 'pod'} ${who(endpoint)} cannot be reached at all`,
    remedy:
      endpoint.node === ''
        ? 'see whether there is such a host, and whether routes lead to it'
        : `look at its node ${endpoint.node}, and at the routes to it`,
  });

export function listeningChecks(look: ExplainCase): Check[] {
  if (look.shape === 'externalName') return [];
  const endpoints = endpointsToDial(look);
  if (endpoints.length === 0) return [skipped('listening', 'there is no endpoint to dial', 'NoEndpoints')];
  const byPort = Map.groupBy(endpoints, ({ servicePort }) => servicePort);
  return [...byPort.values()].map((each) => listeningOn(look, each));
}
