/** A Service that answers, with everything around it, for the tests of explaining; each case breaks something. */
import type { EndpointSlice, Node, Pod, Service } from '../kinds/generated/types.ts';
import { serviceNameLabel } from './endpoint-candidates.ts';
import { type ExplainFacts, type Explanation, explain, planProbes, type Workload } from './explain.ts';
import { type PlannedProbe, type ProbeOutcome, probeKey } from './probe.ts';

const labels = { app: 'web' };

export const podOf = (name: string, change: (pod: Pod) => void = () => {}): Pod => {
  const pod: Pod = {
    metadata: { name, namespace: 'default', labels },
    spec: {
      nodeName: name === 'web-2' ? 'node-2' : 'node-1',
      containers: [{ name: 'main', image: 'nginx', ports: [{ name: 'http', containerPort: 8080 }] }],
    },
    status: {
      phase: 'Running',
      podIP: name === 'web-2' ? '10.244.1.2' : '10.244.0.2',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [
        { name: 'main', image: 'nginx', imageID: '', ready: true, restartCount: 0, state: { running: {} } },
      ],
    },
  };
  change(pod);
  return pod;
};

export const notReady =
  (change: (pod: Pod) => void = () => {}) =>
  (pod: Pod): void => {
    pod.status!.conditions = [{ type: 'Ready', status: 'False' }];
    pod.status!.containerStatuses![0]!.ready = false;
    change(pod);
  };

export const waiting = (reason: string) =>
  notReady((pod) => {
    pod.status!.containerStatuses![0]!.state = { waiting: { reason } };
  });

export const serviceOf = (spec: Service['spec'] = {}, metadata: Service['metadata'] = {}): Service => ({
  metadata: { name: 'web', namespace: 'default', ...metadata },
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.0.20',
    clusterIPs: ['10.96.0.20'],
    ipFamilies: ['IPv4'],
    selector: labels,
    ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }],
    ...spec,
  },
});

export const sliceOf = (slice: Partial<EndpointSlice> = {}): EndpointSlice => ({
  metadata: { name: 'web-x', namespace: 'default', labels: { [serviceNameLabel]: 'web' } },
  addressType: 'IPv4',
  ports: [{ name: '', port: 8080, protocol: 'TCP' }],
  endpoints: [
    {
      addresses: ['10.244.0.2'],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: 'node-1',
      targetRef: { kind: 'Pod', namespace: 'default', name: 'web-1' },
    },
    {
      addresses: ['10.244.1.2'],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: 'node-2',
      targetRef: { kind: 'Pod', namespace: 'default', name: 'web-2' },
    },
  ],
  ...slice,
});

export const unreadySlice = (): EndpointSlice =>
  sliceOf({
    endpoints: (sliceOf().endpoints ?? []).map((endpoint) => ({
      ...endpoint,
      conditions: { ready: false, serving: false, terminating: false },
    })),
  });

export const nodeOf = (name: string, isReady = true): Node => ({
  metadata: { name },
  status: {
    conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
    addresses: [{ type: 'InternalIP', address: `172.30.0.${name === 'node-1' ? 2 : 3}` }],
  },
});

export const workloadOf = (workload: Partial<Workload> = {}): Workload => ({
  kind: 'Deployment',
  name: 'web',
  labels,
  replicas: 2,
  isPaused: false,
  ...workload,
});

export const factsOf = (facts: Partial<ExplainFacts> = {}): ExplainFacts => ({
  target: { namespace: 'default', name: 'web' },
  service: serviceOf(),
  known: { namespaces: [], services: [] },
  slices: [sliceOf()],
  pods: [podOf('web-1'), podOf('web-2')],
  podsElsewhere: [],
  workloads: [],
  nodes: [nodeOf('node-1'), nodeOf('node-2')],
  networkPolicies: [],
  events: [],
  clientNode: 'node-1',
  dnsServer: '10.96.0.10',
  zone: 'cluster.local',
  isLoopback: false,
  ...facts,
});

/** What comes of a probe where all is well; `undefined` leaves it to the next. */
export type Answer = (planned: PlannedProbe) => ProbeOutcome | undefined;

const goodAnswer: (service: Service | undefined) => Answer =
  (service) =>
  ({ probe }) => {
    switch (probe.type) {
      case 'dial':
        return { type: 'dial', result: probe.protocol === 'UDP' ? 'silent' : 'connected' };
      case 'sockets':
        return { type: 'sockets', sockets: [{ protocol: 'TCP', address: '0.0.0.0', port: 8080 }] };
      case 'trace':
        return { type: 'trace', sentence: 'forward: to 10.244.0.2:8080', missing: [] };
      case 'resolve': {
        const { clusterIP = '', externalName } = service?.spec ?? {};
        const address =
          clusterIP === 'None' ? '10.244.0.2' : externalName === undefined ? clusterIP : '192.0.2.7';
        return { type: 'resolve', result: 'answered', values: [address] };
      }
    }
  };

/** As the command does it. */
function explainWith(facts: ExplainFacts, answer: Answer = () => undefined): Explanation {
  const good = goodAnswer(facts.service);
  const outcomes = planProbes(facts).map((planned): [string, ProbeOutcome] => [
    probeKey(planned),
    answer(planned) ?? good(planned) ?? { type: 'failed', why: 'no such probe' },
  ]);
  return explain(facts, new Map(outcomes));
}

/** The dials to these places, `10.244.0.2:8080`, or to all, end so. */
export const dials =
  (result: 'refused' | 'timedOut' | 'closed' | 'unreachable', ...places: string[]): Answer =>
  ({ probe }) =>
    probe.type === 'dial' && (places.length === 0 || places.includes(`${probe.address}:${probe.port}`))
      ? { type: 'dial', result }
      : undefined;

/** The first of these that answers. */
export const either =
  (...answers: readonly Answer[]): Answer =>
  (planned) => {
    for (const answer of answers) {
      const outcome = answer(planned);
      if (outcome !== undefined) return outcome;
    }
    return undefined;
  };

const marks = { ok: 'ok', wrong: '!!', warning: ' !', skipped: '--' } as const;

/** The sentence, and what is not simply fine. */
const explanationText = ({ verdict, sentence, checks }: Explanation): string[] => [
  `${verdict}: ${sentence}`,
  ...checks
    .filter(({ reason }) => reason !== 'Fine')
    .map(({ state, name, reason }) => `${marks[state]} ${name}: ${reason}`),
];

const known = {
  namespaces: ['default', 'kube-system', 'shop'],
  services: [
    { namespace: 'default', name: 'web' },
    { namespace: 'default', name: 'database' },
    { namespace: 'shop', name: 'cart' },
  ],
};
export const missing = (namespace: string, name: string): Partial<ExplainFacts> => ({
  target: { namespace, name },
  service: undefined,
  known,
});
export const withPod = (change: (pod: ReturnType<typeof podOf>) => void): Partial<ExplainFacts> => ({
  pods: [podOf('web-1', change)],
  slices: [unreadySlice()],
});
export const noPods: Partial<ExplainFacts> = { pods: [], slices: [] };
export const named = serviceOf({ ports: [{ name: 'http', port: 80, targetPort: 'http' }] });
export const fails =
  (...types: string[]): Answer =>
  ({ probe }) =>
    types.includes(probe.type) ? { type: 'failed', why: 'the agent of node-1 does not answer' } : undefined;
export const sockets =
  (...open: [string, number][]): Answer =>
  ({ probe }) =>
    probe.type === 'sockets'
      ? { type: 'sockets', sockets: open.map(([address, port]) => ({ protocol: 'TCP', address, port })) }
      : undefined;
export const resolves =
  (result: 'answered' | 'noName' | 'noServer' | 'refused' | 'failed', ...values: string[]): Answer =>
  ({ probe }) =>
    probe.type === 'resolve' ? { type: 'resolve', result, values } : undefined;
export const balancer = (spec: object = {}, ingress: { ip: string }[] = []) => ({
  ...serviceOf({ type: 'LoadBalancer', ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }], ...spec }),
  status: { loadBalancer: { ingress } },
});
export const endpointPods = ['10.244.0.2:8080', '10.244.1.2:8080'];

export interface ExplainTestCase {
  readonly facts?: Partial<ExplainFacts>;
  readonly answer?: Answer;
  /** As `explanationText` has it. */
  readonly said: readonly string[];
}

export const saidOf = ({ facts, answer }: Pick<ExplainTestCase, 'facts' | 'answer'>): string[] =>
  explanationText(explainWith(factsOf(facts), answer));
