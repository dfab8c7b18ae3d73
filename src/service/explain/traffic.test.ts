import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  dials,
  type ExplainTestCase,
  either,
  fails,
  podOf,
  saidOf,
  serviceOf,
  sliceOf,
} from '../explain-fixture.ts';

const cases: Record<string, ExplainTestCase> = {
  'internalTrafficPolicy Local without a local endpoint': {
    facts: {
      service: serviceOf({ internalTrafficPolicy: 'Local' }),
      slices: [sliceOf({ endpoints: sliceOf().endpoints!.slice(1) })],
    },
    answer: dials('timedOut', '10.96.0.20:80'),
    said: [
      'broken: Service default/web does not answer because internalTrafficPolicy is Local and node node-1 has no endpoint of 80/TCP (node-2 has) (NoLocalEndpoint): run a pod on node node-1, or set internalTrafficPolicy to Cluster.',
      '!! policy: NoLocalEndpoint',
      '!! connection: ConnectionTimedOut',
    ],
  },
  'internalTrafficPolicy Local with a local endpoint': {
    facts: { service: serviceOf({ internalTrafficPolicy: 'Local' }) },
    said: ['answers: Service default/web answers: node node-1 reaches 10.96.0.20:80/TCP.'],
  },
  'no rules in the kernel': {
    answer: either(dials('timedOut', '10.96.0.20:80'), ({ probe }) =>
      probe.type === 'trace'
        ? {
            type: 'trace',
            sentence: 'forward',
            missing: ['vip-services: 10.96.0.20 . tcp . 80 -> goto vip-dispatch-2', 'chain vip-dispatch-2'],
          }
        : undefined,
    ),
    said: [
      'broken: Service default/web does not answer because the kernel of node node-1 lacks 2 rules that lead to it (vip-services: 10.96.0.20 . tcp . 80 -> goto vip-dispatch-2 and 1 more) (NoRuleInKernel): wait half a minute for the agent of node node-1 to make them anew, or restart it.',
      '!! rules: NoRuleInKernel',
      '!! connection: ConnectionTimedOut',
    ],
  },
  'the rules are there, and yet refused': {
    answer: dials('refused', '10.96.0.20:80'),
    said: [
      'broken: Service default/web does not answer because a connection from node node-1 to 10.96.0.20:80/TCP is refused (ConnectionRefused): look at the log of the agent on node node-1.',
      '!! connection: ConnectionRefused',
    ],
  },
  'a process forwards, and hangs up': {
    facts: { isLoopback: true },
    answer: dials('closed', '10.96.0.20:80'),
    said: [
      'broken: Service default/web does not answer because a connection from this machine to 10.96.0.20:80/TCP is accepted and closed at once (ConnectionClosed): look at the log of the server, which forwards.',
      '-- rules: NotNeeded',
      '!! connection: ConnectionClosed',
    ],
  },
  'a program that hangs up on everybody': {
    answer: dials('closed'),
    said: ['answers: Service default/web answers: node node-1 reaches 10.96.0.20:80/TCP.'],
  },
  'a pod that cannot reach itself': {
    facts: { from: podOf('web-1'), slices: [sliceOf({ endpoints: sliceOf().endpoints!.slice(0, 1) })] },
    answer: dials('timedOut', '10.96.0.20:80'),
    said: [
      'broken: Service default/web does not answer because pod default/web-1 is its only endpoint and cannot reach itself through 10.96.0.20:80 (HairpinFails): turn hairpin mode on at the bridge of node node-1.',
      '!! connection: HairpinFails',
    ],
  },
  'a pod that is one of the endpoints': {
    facts: { from: podOf('web-1') },
    said: ['answers: Service default/web answers: pod default/web-1 reaches 10.96.0.20:80/TCP.'],
  },
  'a client on the host network': {
    facts: {
      from: podOf('shell', (pod) => {
        pod.spec!.hostNetwork = true;
      }),
    },
    said: [
      "answers: Service default/web answers: node node-1 reaches 10.96.0.20:80/TCP; mind that pod shell does not ask the cluster's DNS (dnsPolicy ClusterFirst, hostNetwork) (PodUsesOtherDns).",
      ' ! dns: PodUsesOtherDns',
    ],
  },
  'a client with a DNS server of its own': {
    facts: {
      from: podOf('shell', (pod) => {
        pod.spec!.dnsPolicy = 'Default';
      }),
    },
    said: [
      "answers: Service default/web answers: pod default/shell reaches 10.96.0.20:80/TCP; mind that pod shell does not ask the cluster's DNS (dnsPolicy Default) (PodUsesOtherDns).",
      ' ! dns: PodUsesOtherDns',
    ],
  },
  'the agent does not answer': {
    answer: fails('dial', 'trace', 'sockets', 'resolve'),
    said: [
      'unknown: Service default/web looks right, but nothing could be tried: 80/TCP: the agent of node-1 does not answer.',
      '-- listening: NotProbed',
      '-- rules: NotProbed',
      '-- connection: NotProbed',
      '-- dns: NotProbed',
    ],
  },
  'no node that could try': {
    facts: { clientNode: undefined },
    said: [
      'unknown: Service default/web looks right, but nothing could be tried: 80/TCP: there is no node to try it from.',
      '-- listening: NotProbed',
      '-- rules: NotProbed',
      '-- connection: NotProbed',
      '-- dns: NotProbed',
    ],
  },
  'a node port': {
    facts: {
      service: serviceOf({ type: 'NodePort', ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }] }),
    },
    said: ['answers: Service default/web answers: node node-1 reaches 10.96.0.20:80/TCP.'],
  },
  'a node port that a node does not answer': {
    facts: {
      service: serviceOf({ type: 'NodePort', ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }] }),
    },
    answer: dials('refused', '172.30.0.3:30080'),
    said: [
      'broken: Service default/web does not answer at its node port because a connection from node node-1 to node port 172.30.0.3:30080 of node node-2 is refused (NodePortFails): look at the agent of node node-2.',
      '!! node port: NodePortFails',
    ],
  },
  'a node port of a node without rules': {
    facts: {
      service: serviceOf({ type: 'NodePort', ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }] }),
    },
    answer: either(dials('refused', '172.30.0.3:30080'), ({ place, probe }) =>
      probe.type === 'trace' && place.node === 'node-2'
        ? { type: 'trace', sentence: 'no rule', missing: ['table wherry'] }
        : undefined,
    ),
    said: [
      'broken: Service default/web does not answer at its node port because the kernel of node node-2 lacks 1 rule that leads to it (table wherry) (NoRuleInKernel): wait half a minute for the agent of node node-2 to make them anew, or restart it.',
      '!! node port: NoRuleInKernel',
    ],
  },
  'a node port with policy Local': {
    facts: {
      service: serviceOf({
        type: 'NodePort',
        externalTrafficPolicy: 'Local',
        ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }],
      }),
      slices: [sliceOf({ endpoints: sliceOf().endpoints!.slice(1) })],
    },
    answer: dials('timedOut', '172.30.0.2:30080'),
    said: [
      'answers: Service default/web answers: node node-1 reaches 10.96.0.20:80/TCP; mind that externalTrafficPolicy Local: from outside only node-2 answers (LocalEndpointsOnly).',
      ' ! policy: LocalEndpointsOnly',
    ],
  },
};

describe('explains', () => {
  for (const [name, { said, ...given }] of Object.entries(cases))
    test(name, () => assert.deepEqual(saidOf(given), said));
});
