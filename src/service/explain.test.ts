/** As a whole; what is said in each kind of trouble is in the tests of explain/. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { explain, planProbes } from './explain.ts';
import {
  balancer,
  dials,
  either,
  factsOf,
  missing,
  noPods,
  notReady,
  podOf,
  resolves,
  saidOf,
  serviceOf,
  sliceOf,
  sockets,
  withPod,
  workloadOf,
} from './explain-fixture.ts';
import { type ProbeOutcome, probeKey } from './probe.ts';

test('nothing is tried for a Service that is not there', () =>
  assert.deepEqual(planProbes(factsOf(missing('default', 'payment'))), []));

test('what is tried, each once', () => {
  const service = balancer({}, [{ ip: '172.30.0.200' }]);
  assert.deepEqual(planProbes(factsOf({ service, from: podOf('web-1') })).map(probeKey), [
    'default/web-1 dial TCP 10.244.0.2 8080',
    'default/web-1 dial TCP 10.244.1.2 8080',
    'default/web-1 dial TCP 10.96.0.20 80',
    'node-1 trace TCP 10.244.0.2 10.96.0.20 80',
    'default/web-1 dial TCP 172.30.0.2 30080',
    'node-1 trace TCP 10.244.0.2 172.30.0.2 30080',
    'default/web-1 dial TCP 172.30.0.3 30080',
    'node-2 trace TCP 10.244.0.2 172.30.0.3 30080',
    'default/web-1 dial TCP 172.30.0.200 80',
    'default/web-1 sockets',
    'default/web-2 sockets',
    'default/web-1 resolve A web.default.svc.cluster.local 10.96.0.10',
  ]);
});

test('two causes, neither of which follows from the other', () =>
  assert.deepEqual(
    saidOf({
      facts: { ...noPods, service: balancer(), workloads: [workloadOf({ replicas: 0 })] },
      answer: either(dials('refused'), resolves('noServer')),
    }),
    [
      `broken: Service default/web does not answer because Deployment web, which makes its pods, is scaled to 0 (ScaledToZero): scale it up with "kubectl scale deployment/web --replicas=1". Besides, it has no external address yet (LoadBalancerPending): see whether there is an address pool, and whether the controller load-balancer runs; and the cluster's DNS server 10.96.0.10 does not answer (DnsNoAnswer): see "wherry why svc/kube-dns -n kube-system", and use the address meanwhile.`,
      '!! pods: ScaledToZero',
      '-- readiness: NotNeeded',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
      '!! load balancer: LoadBalancerPending',
      '!! connection: ConnectionRefused',
      '!! node port: NodePortFails',
      '!! dns: DnsNoAnswer',
    ],
  ));

test('one port of two, each with its own mistake', () => {
  const port = (name: string, number: number, targetPort: number) => ({ name, port: number, targetPort });
  const ports = [port('http', 80, 8080), port('admin', 81, 9000), port('more', 82, 9001)];
  const slices = [
    sliceOf({ ports: ports.map(({ name, targetPort }) => ({ name, port: targetPort, protocol: 'TCP' })) }),
  ];
  const [, ...deaf] = ports;
  const places = deaf.flatMap(({ port: number, targetPort }) => [
    `10.96.0.20:${number}`,
    `10.244.0.2:${targetPort}`,
    `10.244.1.2:${targetPort}`,
  ]);
  assert.deepEqual(
    saidOf({
      facts: { service: serviceOf({ ports }), slices },
      answer: either(dials('refused', ...places), sockets(['0.0.0.0', 8080])),
    }),
    [
      'broken: Service default/web does not answer at port admin 81/TCP and more 82/TCP because nothing listens on port 9000 of pod web-1 at 10.244.0.2:9000; it listens on 8080 (TargetPortNotListening): set targetPort to 8080. Besides, nothing listens on port 9001 of pod web-1 at 10.244.0.2:9001; it listens on 8080 (TargetPortNotListening): set targetPort to 8080.',
      ' ! target port: TargetPortNotDeclared',
      ' ! target port: TargetPortNotDeclared',
      '!! listening: TargetPortNotListening',
      '!! listening: TargetPortNotListening',
      '!! connection: ConnectionRefused',
      '!! connection: ConnectionRefused',
    ],
  );
});

test('whatever comes of the probes, the verdict fits the checks and the sentence is one', () => {
  const services = [
    serviceOf(),
    serviceOf({ selector: undefined }),
    serviceOf({ internalTrafficPolicy: 'Local' }),
    serviceOf({ clusterIP: 'None', clusterIPs: ['None'] }),
    serviceOf({ type: 'ExternalName', externalName: 'db.example.com' }),
    serviceOf({ type: 'NodePort', ports: [{ port: 80, targetPort: 8080, nodePort: 30_080 }] }),
    balancer(),
    balancer({}, [{ ip: '172.30.0.200' }]),
  ];
  const inputs = services.flatMap((service) => [
    factsOf({ service }),
    factsOf({ service, from: podOf('web-1') }),
    factsOf({ service, isLoopback: true }),
    factsOf({ service, clientNode: undefined, dnsServer: undefined }),
    factsOf({ service, slices: [] }),
    factsOf({ service, ...withPod(notReady()) }),
  ]);
  const outcome: fc.Arbitrary<ProbeOutcome> = fc.oneof(
    fc.record({
      type: fc.constant('dial' as const),
      result: fc.constantFrom('connected', 'closed', 'refused', 'unreachable', 'timedOut', 'silent'),
    }),
    fc.record({
      type: fc.constant('resolve' as const),
      result: fc.constantFrom('answered', 'noName', 'noData', 'refused', 'failed', 'noServer'),
      values: fc.constantFrom([], ['10.96.0.20'], ['192.0.2.1']),
    }),
    fc.constant({ type: 'failed' as const, why: 'no agent' }),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...inputs),
      fc.array(outcome, { minLength: 12, maxLength: 12 }),
      (facts, given) => {
        const planned = planProbes(facts);
        const outcomes = new Map(
          planned.map((each, index) => [probeKey(each), given[index % given.length]!]),
        );
        const { verdict, reason, sentence, checks } = explain(facts, outcomes);
        const cause = checks.find(({ state }) => state === 'wrong');
        assert.equal(verdict === 'broken', cause !== undefined);
        if (cause !== undefined) assert.equal(reason, cause.reason);
        assert.match(sentence, /^Service [^\n]+[.?]$/);
      },
    ),
    { numRuns: 300 },
  );
});
