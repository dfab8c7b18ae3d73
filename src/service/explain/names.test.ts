import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type ExplainTestCase,
  notReady,
  resolves,
  saidOf,
  serviceOf,
  unreadySlice,
  withPod,
} from '../explain-fixture.ts';

const cases: Record<string, ExplainTestCase> = {
  headless: {
    facts: { service: serviceOf({ clusterIP: 'None', clusterIPs: ['None'] }) },
    said: [
      'answers: Service default/web answers: 80/TCP: 2 of 2 endpoints accept connections.',
      '-- definition: NotNeeded',
    ],
  },
  'headless without ready pods': {
    facts: { ...withPod(notReady()), service: serviceOf({ clusterIP: 'None', clusterIPs: ['None'] }) },
    said: [
      'broken: Service default/web does not answer because its only pod is not ready (web-1: its condition Ready is not True) (PodsNotReady): look at "kubectl describe pod web-1 -n default".',
      '-- definition: NotNeeded',
      '!! readiness: PodsNotReady',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
      '-- dns: NoEndpoints',
    ],
  },
  'headless without ports': {
    facts: { service: serviceOf({ clusterIP: 'None', clusterIPs: ['None'], ports: [] }) },
    said: [
      'answers: Service default/web answers: web.default.svc.cluster.local is 10.244.0.2.',
      '-- definition: NotNeeded',
      '-- listening: NoEndpoints',
    ],
  },
  'an ExternalName': {
    facts: {
      service: {
        metadata: { name: 'web', namespace: 'default' },
        spec: { type: 'ExternalName', externalName: 'db.example.com' },
      },
      slices: [],
    },
    said: [
      'answers: Service default/web answers: db.example.com is 192.0.2.7.',
      '-- pods: NotNeeded',
      '-- endpoints: NotNeeded',
    ],
  },
  'an ExternalName that does not resolve': {
    facts: {
      service: {
        metadata: { name: 'web', namespace: 'default' },
        spec: { type: 'ExternalName', externalName: 'db.exmaple.com' },
      },
      slices: [],
    },
    answer: resolves('noName'),
    said: [
      'broken: Service default/web does not answer because its name leads to db.exmaple.com, which DNS does not resolve (there is no such name) (ExternalNameNotResolved): mend spec.externalName, or the DNS server that the nodes use.',
      '-- pods: NotNeeded',
      '-- endpoints: NotNeeded',
      '!! dns: ExternalNameNotResolved',
    ],
  },
  'an ExternalName that is an address': {
    facts: {
      service: {
        metadata: { name: 'web', namespace: 'default' },
        spec: { type: 'ExternalName', externalName: '192.0.2.7' },
      },
      slices: [],
    },
    said: [
      'broken: Service default/web does not answer because its externalName 192.0.2.7 is an address, which DNS cannot give as a name (ExternalNameIsAddress): make a Service without a selector and an EndpointSlice with 192.0.2.7.',
      '!! definition: ExternalNameIsAddress',
      '-- pods: NotNeeded',
      '-- endpoints: NotNeeded',
    ],
  },
  'DNS does not answer': {
    answer: resolves('noServer'),
    said: [
      'broken: Service default/web does not answer by name because the cluster\'s DNS server 10.96.0.10 does not answer (DnsNoAnswer): see "wherry why svc/kube-dns -n kube-system", and use the address meanwhile.',
      '!! dns: DnsNoAnswer',
    ],
  },
  'DNS does not know the name': {
    answer: resolves('noName'),
    said: [
      "broken: Service default/web does not answer by name because the cluster's DNS server 10.96.0.10 does not know web.default.svc.cluster.local (DnsNoSuchName): use its address, and look at the log of the agents, which serve DNS.",
      '!! dns: DnsNoSuchName',
    ],
  },
  'DNS gives an old address': {
    answer: resolves('answered', '10.96.7.7'),
    said: [
      'broken: Service default/web does not answer by name because web.default.svc.cluster.local is 10.96.7.7 for the DNS server 10.96.0.10, and not 10.96.0.20 (DnsWrongAddress): ask again after the answer has expired, and look at the log of the agents, which serve DNS.',
      '!! dns: DnsWrongAddress',
    ],
  },
  'DNS refuses': {
    answer: resolves('refused'),
    said: [
      "broken: Service default/web does not answer by name because the cluster's DNS server 10.96.0.10 refuses to answer for web.default.svc.cluster.local (DnsNoAnswer): see whether the zone of the DNS server is the cluster domain.",
      '!! dns: DnsNoAnswer',
    ],
  },
  'DNS does not find out': {
    answer: resolves('failed'),
    said: [
      "broken: Service default/web does not answer by name because the cluster's DNS server 10.96.0.10 could not find out web.default.svc.cluster.local (DnsNoAnswer): see whether the agents, which serve DNS, reach the API server.",
      '!! dns: DnsNoAnswer',
    ],
  },
  'headless without ports or ready pods': {
    facts: {
      service: serviceOf({ clusterIP: 'None', clusterIPs: ['None'], ports: [] }),
      ...withPod(notReady()),
      slices: [{ ...unreadySlice(), ports: [] }],
    },
    answer: resolves('noName'),
    said: [
      'broken: Service default/web does not answer because its only pod is not ready (web-1: its condition Ready is not True) (PodsNotReady): look at "kubectl describe pod web-1 -n default".',
      '-- definition: NotNeeded',
      '!! readiness: PodsNotReady',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
      '-- dns: NoEndpoints',
    ],
  },
  'headless without ports, endpoints by hand that are not ready': {
    facts: {
      service: serviceOf({ clusterIP: 'None', clusterIPs: ['None'], ports: [], selector: undefined }),
      slices: [{ ...unreadySlice(), ports: [] }],
    },
    answer: resolves('noName'),
    said: [
      'broken: Service default/web does not answer because none of its 2 endpoints is ready (EndpointsNotReady): set their condition ready in the EndpointSlice.',
      '-- definition: NotNeeded',
      '-- pods: NoSelector',
      '!! endpoints: EndpointsNotReady',
      '-- listening: NoEndpoints',
      '-- dns: NoEndpoints',
    ],
  },
  'a cluster without DNS': {
    facts: { dnsServer: undefined },
    said: [
      'answers: Service default/web answers: node node-1 reaches 10.96.0.20:80/TCP; mind that there is no Service kube-system/kube-dns, so names of Services do not resolve (NoClusterDns).',
      ' ! dns: NoClusterDns',
    ],
  },
  affinity: {
    facts: { service: serviceOf({ sessionAffinity: 'ClientIP' }) },
    said: [
      'answers: Service default/web answers: node node-1 reaches 10.96.0.20:80/TCP.',
      'ok affinity: Affinity',
    ],
  },
  'a NetworkPolicy': {
    facts: {
      networkPolicies: [
        { metadata: { name: 'deny', namespace: 'default' }, spec: { podSelector: {} } },
        {
          metadata: { name: 'other', namespace: 'default' },
          spec: { podSelector: { matchLabels: { app: 'db' } } },
        },
      ],
    },
    said: [
      'answers: Service default/web answers: node node-1 reaches 10.96.0.20:80/TCP; mind that 1 NetworkPolicy (deny) selects its pods, but no NetworkPolicy is enforced here (NetworkPolicyNotEnforced).',
      ' ! network policy: NetworkPolicyNotEnforced',
    ],
  },
};

describe('explains', () => {
  for (const [name, { said, ...given }] of Object.entries(cases))
    test(name, () => assert.deepEqual(saidOf(given), said));
});
