/** Services of type LoadBalancer: the address, who announces it, does it answer. */
import { cidrContains, parseCidr } from '../../lib/cidr.ts';
import { parseAddress } from '../../lib/ip.ts';
import { outcomeOf } from '../probe.ts';
import {
  balancerAddresses,
  clientSource,
  clientText,
  dialFrom,
  dialProtocol,
  type ExplainCase,
  internalAddresses,
} from './case.ts';
import { type Check, listed, ok, skipped, wrong } from './check.ts';
import type { ServiceEvent } from './facts.ts';

const lastOf = (events: readonly ServiceEvent[], reason: string): string | undefined =>
  events.findLast((event) => event.reason === reason)?.message;

function pending({ service, facts }: ExplainCase): Check {
  const { loadBalancerClass = '', loadBalancerIP = '' } = service.spec ?? {};
  if (loadBalancerClass !== '')
    return wrong('load balancer', {
      reason: 'OtherLoadBalancerClass',
      text: `its loadBalancerClass ${loadBalancerClass} asks for another implementation, which has given it no address`,
      remedy: 'make it anew without loadBalancerClass, or install that implementation',
    });
  const failure = lastOf(facts.events, 'AllocationFailed');
  if (
    failure !== undefined &&
    /no available IPs|exhausted|no address left|are all taken|all .* (taken|in use)/i.test(failure)
  )
    return wrong('load balancer', {
      reason: 'PoolExhausted',
      text: `no address pool has one left for it (${failure})`,
      remedy: 'add addresses to a pool, or delete a Service that has one',
    });
  return wrong('load balancer', {
    reason: 'LoadBalancerPending',
    text: `it has no external address yet${failure === undefined ? '' : ` (${failure})`}`,
    remedy:
      loadBalancerIP !== ''
        ? `see whether ${loadBalancerIP} is in a pool and free`
        : failure === undefined
          ? 'see whether there is an address pool, and whether the controller load-balancer runs'
          : 'mend the pools, or what it asks for',
  });
}

/** As the agents elect it; where that is not known, as MetalLB's speaker told it. */
function announcer({ facts }: ExplainCase): string | undefined {
  const { announcement } = facts;
  if (announcement !== undefined) return 'node' in announcement ? announcement.node : undefined;
  return /from node "([^"]+)"/.exec(lastOf(facts.events, 'nodeAssigned') ?? '')?.[1];
}

/** From inside the cluster the address answers all the same: every node's rules know it. */
function notAnnounced({ facts, resolutions }: ExplainCase, addresses: readonly string[]): Check | undefined {
  const { announcement } = facts;
  if (announcement === undefined || 'node' in announcement) return undefined;
  const told = (text: string, remedy: string) =>
    wrong('load balancer', { reason: 'NotAnnounced', text, remedy });
  const at = listed(addresses);
  switch (announcement.nobody) {
    case 'NotAdvertised':
      return told(
        `no L2Advertisement is for ${at}, so no node announces it`,
        'make an L2Advertisement for its pool',
      );
    case 'NoUsableNode':
      return told(
        `no node that could announce ${at} is ready and selected by an L2Advertisement of its pool`,
        'look at the nodes with "kubectl get nodes", and at the nodeSelectors of the L2Advertisement',
      );
    case 'NoLocalEndpoint':
      // Without any endpoint that follows from what was said before.
      return resolutions.some(({ cluster }) => cluster.endpoints.length > 0)
        ? told(
            `externalTrafficPolicy is Local, and no node that may announce ${at} has an endpoint`,
            'run a pod on such a node, or set externalTrafficPolicy to Cluster',
          )
        : skipped('load balancer', `${at}: no node has an endpoint, so none announces it`, 'NoEndpoints');
  }
}

export function loadBalancerChecks(look: ExplainCase): Check[] {
  const { service, place, ports, facts } = look;
  if (service.spec?.type !== 'LoadBalancer') return [];
  const addresses = balancerAddresses(service);
  if (addresses.length === 0) return [pending(look)];
  const silent = notAnnounced(look, addresses);
  if (silent !== undefined) return [silent];
  const node = announcer(look);
  const by = node === undefined ? '' : `, announced by node ${node}`;
  const hasNode = node === undefined || facts.nodes.some(({ metadata }) => metadata.name === node);
  if (!hasNode)
    return [
      wrong('load balancer', {
        reason: 'NotAnnounced',
        text: `${listed(addresses)} was announced by node ${node}, which is gone`,
        remedy: 'start the agent of another node',
      }),
    ];
  let why: string | undefined;
  let good = 0;
  for (const address of addresses)
    for (const port of ports) {
      const protocol = dialProtocol(port);
      if (protocol === undefined || place === undefined) continue;
      const outcome = outcomeOf(
        look.outcomes,
        dialFrom(place, { protocol, address, port: port.port }),
        'dial',
      );
      if (typeof outcome === 'string') why ??= outcome;
      else if (/refused|unreachable|timedOut/.test(outcome.result))
        return [fails(look, `${address}:${port.port}`)];
      else good++;
    }
  if (good === 0)
    return [skipped('load balancer', `${listed(addresses)}${by}: ${why ?? 'not tried'}`, 'NotProbed')];
  return [ok('load balancer', `${listed(addresses)}${by}${by === '' ? '' : ','} answers`)];
}

function fails(look: ExplainCase, to: string): Check {
  const ranges = look.service.spec?.loadBalancerSourceRanges ?? [];
  if (ranges.length > 0 && !isLetIn(look, ranges))
    return skipped(
      'load balancer',
      `${to} lets in only ${listed(ranges)}, and ${clientText(look)} is not there`,
      'SourceRanges',
    );
  const nodes = look.facts.nodes.flatMap(internalAddresses);
  return wrong('load balancer', {
    reason: 'LoadBalancerFails',
    text: `${to} does not answer ${clientText(look)}`,
    remedy: `look at the agents of the nodes (${listed(nodes)})`,
  });
}

/** Whether the client has an address in one of these. A range that cannot be read lets nobody in. */
function isLetIn(look: ExplainCase, ranges: readonly string[]): boolean {
  const { place, facts } = look;
  const node = facts.nodes.find(({ metadata }) => metadata.name === place?.node);
  const source = clientSource(look);
  const addresses = source === '' ? (node === undefined ? [] : internalAddresses(node)) : [source];
  return addresses.some((text) => {
    const address = parseAddress(text);
    if (address === undefined) return false;
    return ranges.some((range) => {
      const parsed = parseCidr(range.trim());
      return parsed !== undefined && cidrContains(parsed, address.family, address.value);
    });
  });
}
