/**
 * Who asks, at which door of which Service, and what comes of it. One line, for TCP and UDP in both families:
 *
 *     client > door : a1 b1@a       reaches a1, which sees the client, and b1, which sees node a; both of them in time
 *     client > door : one of a1 b1  always the same one
 *     client > door : reject | drop
 *
 * Doors: `vip`, `port a` (the node port on node a), `balancer` (announced by node a).
 */
import { addressOf, type Family, gateway, type NodeName, type PlaceName } from './network.ts';
import {
  balancerAddress,
  clusterAddress,
  nodePort,
  type ServiceName,
  servicePort,
  unallocated,
} from './services.ts';

const lines: Record<ServiceName | 'unallocated' | 'unused port', string[]> = {
  web: [
    'a1 > vip : a1@cni-a b1',
    'a2 > vip : a1 b1',
    'b1 > vip : a1 b1@cni-b',
    'a > vip : a1 b1',
    'b > vip : a1 b1',
    // Not from behind this node: the answers of b1 must find back by it.
    'outside > vip : a1 b1@a',
  ],
  remote: ['a1 > vip : b1 b2', 'a > vip : b1 b2', 'outside > vip : b1@a b2@a'],
  own: ['a1 > vip : a1@cni-a', 'a2 > vip : a1', 'b2 > vip : b1', 'a > vip : a1', 'outside > vip : a1'],
  'own-elsewhere': ['a1 > vip : drop', 'a > vip : drop', 'b2 > vip : b1', 'b > vip : b1'],
  nobody: ['a1 > vip : reject', 'a > vip : reject', 'outside > vip : reject'],
  unready: ['a1 > vip : reject', 'b > vip : reject'],
  draining: ['a2 > vip : a1', 'b1 > vip : a1', 'b > vip : a1'],
  'half-draining': ['a2 > vip : b1', 'b2 > vip : b1'],
  'own-draining': ['a2 > vip : a1', 'b2 > vip : b1'],
  published: ['a2 > vip : a1', 'b1 > vip : a1'],
  zoned: ['a2 > vip : a1', 'b2 > vip : b1', 'a > vip : a1'],
  'half-zoned': ['a2 > vip : a1 b1', 'b2 > vip : a1 b1'],
  noded: ['a2 > vip : a1', 'b2 > vip : b1'],
  named: ['a2 > vip : a1 b1:9090', 'a > vip : a1 b1:9090'],
  twice: ['a2 > vip : a1 b1'],
  forbidden: ['a2 > vip : reject', 'a > vip : reject'],
  host: [
    'a1 > vip : a',
    'b1 > vip : a',
    'a > vip : a',
    'b > vip : a',
    'outside > port a : a',
    'outside > port b : a@b',
  ],
  alone: ['a1 > vip : a1@cni-a', 'a1 > port a : a1@cni-a', 'a > vip : a1', 'a > port a : a1'],
  port: [
    'a2 > vip : a1 b1',
    'a2 > port a : a1 b1',
    // Behind another node: what a sends on to b must come back by a.
    'a2 > port b : a1@b b1',
    'b2 > port a : a1 b1@a',
    'a > port a : a1 b1',
    'a > port b : a1@b b1',
    'b > port a : a1 b1@a',
    'outside > port a : a1 b1@a',
    'outside > port b : a1@b b1',
  ],
  'port-local': [
    'outside > port a : a1',
    'outside > port b : drop',
    'b2 > port a : a1',
    'b2 > port b : a1',
    'b > port b : a1',
    'a2 > port b : drop',
    'b2 > vip : a1',
  ],
  'port-nobody': ['outside > port a : reject', 'a1 > port a : reject', 'b > port b : reject'],
  balanced: [
    'outside > balancer : a1 b1@a',
    'a2 > balancer : a1 b1',
    'b2 > balancer : a1 b1',
    'a > balancer : a1@itself b1',
  ],
  'balanced-local': [
    'outside > balancer : a1',
    'a2 > balancer : a1 b1',
    'b2 > balancer : a1 b1',
    'b > balancer : a1 b1',
    'a2 > vip : a1 b1',
  ],
  'balanced-elsewhere': [
    'outside > balancer : drop',
    'a2 > balancer : b1',
    'a > balancer : b1',
    'b2 > balancer : b1',
  ],
  'balanced-nobody': ['outside > balancer : reject', 'a2 > balancer : reject'],
  'balanced-draining': ['outside > balancer : a1', 'b2 > balancer : b1'],
  open: ['outside > balancer : a1 b1@a', 'a2 > balancer : drop', 'a2 > vip : a1 b1'],
  closed: [
    'outside > balancer : drop',
    'a2 > balancer : a1 b1',
    'b2 > balancer : a1 b1',
    'outside > vip : a1 b1@a',
  ],
  foreign: ['outside > balancer : reject', 'a2 > vip : a1 b1'],
  sticky: [
    'a2 > vip : one of a1 b1',
    'b2 > vip : one of a1 b1',
    'a > vip : one of a1 b1',
    'outside > port a : one of a1 b1@a',
    'outside > balancer : one of a1 b1@a',
  ],
  unallocated: ['a1 > vip : drop', 'a > vip : drop', 'outside > vip : drop'],
  'unused port': ['a1 > vip : reject', 'b > vip : reject', 'outside > vip : reject'],
};

export interface Case {
  readonly name: string;
  readonly client: PlaceName;
  readonly family: Family;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly address: string;
  readonly port: number;
  /** `all`: each of the answers comes in time. `same`: always the same one of them. */
  readonly expect: 'all' | 'same' | 'reject' | 'drop';
  /** `b1:8080 from 10.244.0.2` */
  readonly answers: readonly string[];
}

/** `port a` of a node, whose load balancer addresses are node a's. */
function targetOf(service: string, door: string, family: Family): { address: string; port: number } {
  if (service === 'unallocated') return { address: unallocated[family], port: servicePort };
  if (service === 'unused port') return { address: clusterAddress('web', family), port: servicePort + 1 };
  const name = service as ServiceName;
  if (door === 'vip') return { address: clusterAddress(name, family), port: servicePort };
  if (door === 'balancer') return { address: balancerAddress(name, family), port: servicePort };
  return { address: addressOf(door.slice('port '.length) as NodeName, family), port: nodePort(name) };
}

/** `@itself`: a node that sends to an address of its own sends from that address. */
function answerOf(
  text: string,
  { client, family, address }: Pick<Case, 'client' | 'family' | 'address'>,
): string {
  const [, name = '', port = '8080', seen = client] = /^(\w+)(?::(\d+))?(?:@([\w-]+))?$/.exec(text) ?? [];
  if (seen === 'itself') return `${name}:${port} from ${address}`;
  const source = seen.startsWith('cni-')
    ? gateway(seen.slice(4) as NodeName, family)
    : addressOf(seen as PlaceName, family);
  return `${name}:${port} from ${source}`;
}

export const cases: Case[] = Object.entries(lines).flatMap(([service, texts]) =>
  texts.flatMap((text) => {
    const [, client = '', door = '', same = '', outcome = ''] =
      /^(\w+) > ([\w ]+) : (one of )?(.+)$/.exec(text) ?? [];
    const expect = outcome === 'reject' || outcome === 'drop' ? outcome : same === '' ? 'all' : 'same';
    const isServed = expect === 'all' || expect === 'same';
    return (['IPv4', 'IPv6'] as const).flatMap((family) =>
      (['tcp', 'udp', 'sctp'] as const).map((protocol): Case => {
        const at = { client: client as PlaceName, family, ...targetOf(service, door, family) };
        const answers = isServed ? outcome.split(' ').map((each) => answerOf(each, at)) : [];
        return { name: `${service}: ${text} (${family}, ${protocol})`, protocol, ...at, expect, answers };
      }),
    );
  }),
);
