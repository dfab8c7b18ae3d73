import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deployment } from '../deployment.ts';
import type { Container, Deployment, Pod, PodSpec, ReplicaSet } from '../generated/types.ts';
import { pod } from '../pod.ts';
import { replicaSet } from '../replica-set.ts';
import { created, defaulted } from '../test-kit.ts';

const containerDefaults = {
  imagePullPolicy: 'IfNotPresent',
  resources: {},
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
};
const specDefaults = {
  dnsPolicy: 'ClusterFirst',
  restartPolicy: 'Always',
  schedulerName: 'default-scheduler',
  securityContext: {},
  terminationGracePeriodSeconds: 30,
};
const tolerations = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
];

test('the pod that `kubectl run bigwebstuff --image=nginx --port=80` sends, as it is stored', () => {
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { labels: { app: 'testweb' }, name: 'bigwebstuff' },
    spec: {
      containers: [{ image: 'nginx', name: 'bigwebstuff', ports: [{ containerPort: 80 }], resources: {} }],
      dnsPolicy: 'ClusterFirst',
      restartPolicy: 'Always',
    },
    status: {},
  };
  assert.deepEqual(created(pod, object), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { labels: { app: 'testweb' }, name: 'bigwebstuff' },
    spec: {
      ...specDefaults,
      containers: [
        {
          image: 'nginx',
          name: 'bigwebstuff',
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          ...containerDefaults,
          imagePullPolicy: 'Always',
        },
      ],
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority',
      priority: 0,
      tolerations,
    },
    status: { phase: 'Pending', qosClass: 'BestEffort' },
  });
});

test('the deployment of the course, as it is stored', () => {
  const object: Deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { labels: { app: 'testweb' }, name: 'bigwebstuff' },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'testweb' } },
      strategy: {},
      template: {
        metadata: { labels: { app: 'testweb' } },
        spec: {
          containers: [
            { image: 'nginx:latest', name: 'nginx', ports: [{ containerPort: 80 }], resources: {} },
          ],
        },
      },
    },
    status: {},
  };
  assert.deepEqual(created(deployment, object), {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { labels: { app: 'testweb' }, name: 'bigwebstuff' },
    spec: {
      progressDeadlineSeconds: 600,
      replicas: 3,
      revisionHistoryLimit: 10,
      selector: { matchLabels: { app: 'testweb' } },
      strategy: { rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' }, type: 'RollingUpdate' },
      template: {
        metadata: { labels: { app: 'testweb' } },
        spec: {
          ...specDefaults,
          containers: [
            {
              image: 'nginx:latest',
              name: 'nginx',
              ports: [{ containerPort: 80, protocol: 'TCP' }],
              ...containerDefaults,
              imagePullPolicy: 'Always',
            },
          ],
        },
      },
    },
    status: {},
  });
});

test('the replica set of the course, as it is stored', () => {
  const object: ReplicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'blue-rs', labels: { demo: 'blue-rs' } },
    spec: {
      replicas: 3,
      selector: { matchLabels: { demo: 'blue-rs' } },
      template: {
        metadata: { labels: { demo: 'blue-rs' } },
        spec: {
          containers: [
            { name: 'blue-containers', image: 'rxmllc/hostinfo:alpine', ports: [{ containerPort: 9898 }] },
          ],
        },
      },
    },
  };
  assert.deepEqual(created(replicaSet, object), {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'blue-rs', labels: { demo: 'blue-rs' } },
    spec: {
      replicas: 3,
      selector: { matchLabels: { demo: 'blue-rs' } },
      template: {
        metadata: { labels: { demo: 'blue-rs' } },
        spec: {
          ...specDefaults,
          containers: [
            {
              name: 'blue-containers',
              image: 'rxmllc/hostinfo:alpine',
              ports: [{ containerPort: 9898, protocol: 'TCP' }],
              ...containerDefaults,
            },
          ],
        },
      },
    },
    status: { replicas: 0 },
  });
});

const podWith = (spec: Partial<PodSpec>): Pod => ({
  metadata: { name: 'web' },
  spec: { containers: [{ name: 'web', image: 'nginx:1' }], ...spec },
});
const specWith = (spec: Partial<PodSpec>): PodSpec => defaulted(pod, podWith(spec)).spec as PodSpec;
const containerWith = (container: Partial<Container>): Container =>
  specWith({ containers: [{ name: 'web', image: 'nginx:1', ...container }] }).containers[0] as Container;

test('requests follow limits, amounts are canonical', () => {
  assert.deepEqual(
    containerWith({ resources: { limits: { cpu: '0.5', memory: '1024Mi' }, requests: { cpu: '100m' } } })
      .resources,
    { limits: { cpu: '500m', memory: '1Gi' }, requests: { cpu: '100m', memory: '1Gi' } },
  );
  const template = defaulted(deployment, {
    metadata: { name: 'web' },
    spec: {
      selector: {},
      template: { spec: { containers: [{ name: 'web', resources: { limits: { cpu: '1' } } }] } },
    },
  } as Deployment).spec?.template.spec;
  assert.deepEqual(template?.containers[0]?.resources, { limits: { cpu: '1' } });
});

test('probes and handlers', () => {
  const { livenessProbe, readinessProbe, lifecycle } = containerWith({
    livenessProbe: { httpGet: { port: 80 }, initialDelaySeconds: 0 },
    readinessProbe: { grpc: { port: 90 }, periodSeconds: 5 },
    lifecycle: { preStop: { httpGet: { port: 'http', scheme: 'HTTPS' } } },
  });
  assert.deepEqual(livenessProbe, {
    httpGet: { port: 80, path: '/', scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  });
  assert.deepEqual(readinessProbe, {
    grpc: { port: 90, service: '' },
    timeoutSeconds: 1,
    periodSeconds: 5,
    successThreshold: 1,
    failureThreshold: 3,
  });
  assert.deepEqual(lifecycle, { preStop: { httpGet: { port: 'http', path: '/', scheme: 'HTTPS' } } });
});

test('environment, ports and host network', () => {
  const spec = specWith({
    hostNetwork: true,
    containers: [
      {
        name: 'web',
        image: 'nginx:1',
        ports: [{ containerPort: 80 }, { containerPort: 53, protocol: 'UDP', hostPort: 53 }],
        env: [
          { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
          { name: 'EMPTY', value: '' },
        ],
      },
    ],
  });
  assert.deepEqual(spec.containers[0]?.ports, [
    { containerPort: 80, protocol: 'TCP', hostPort: 80 },
    { containerPort: 53, protocol: 'UDP', hostPort: 53 },
  ]);
  assert.deepEqual(spec.containers[0]?.env, [
    { name: 'NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
    { name: 'CPU', valueFrom: { resourceFieldRef: { divisor: '0', resource: 'limits.cpu' } } },
    { name: 'EMPTY' },
  ]);
});

test('the old name of the service account, and what holds nothing', () => {
  const { serviceAccount, serviceAccountName } = specWith({ serviceAccount: 'builder' });
  assert.deepEqual([serviceAccount, serviceAccountName], ['builder', 'builder']);
  const spec = specWith({
    hostNetwork: false,
    nodeName: '',
    volumes: [],
    nodeSelector: {},
    serviceAccount: '',
  });
  assert.deepEqual(
    Object.keys(spec).sort(),
    [...Object.keys(specDefaults), 'containers', 'enableServiceLinks'].sort(),
  );
});

test('podIP and podIPs say the same', () => {
  const addresses = (status: Pod['status']) => {
    const { podIP, podIPs } = defaulted(pod, { ...podWith({}), status }).status ?? {};
    return { podIP, podIPs };
  };
  const first = { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] };
  assert.deepEqual(addresses({ podIP: '10.0.0.1' }), first);
  assert.deepEqual(addresses({ podIPs: [{ ip: '10.0.0.1' }] }), first);
  assert.deepEqual(addresses({ podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.2' }] }), first);
});

const word = fc.constantFrom('', 'a', 'web', 'x:latest');
const seconds = fc.constantFrom(undefined, 0, 5);
const probe = fc.record(
  {
    httpGet: fc.record({ port: fc.constantFrom(80, 'http'), path: word }, { requiredKeys: ['port'] }),
    initialDelaySeconds: seconds,
    periodSeconds: seconds,
  },
  { requiredKeys: [] },
);
const container = fc.record(
  {
    name: word,
    image: word,
    tty: fc.boolean(),
    ports: fc.array(fc.record({ containerPort: fc.constantFrom(80, 443) }), { maxLength: 2 }),
    livenessProbe: probe,
    resources: fc.record(
      {
        limits: fc.dictionary(
          fc.constantFrom('cpu', 'memory', '__proto__'),
          fc.constantFrom('1', '0.5', '1024Mi'),
        ),
        requests: fc.dictionary(fc.constantFrom('cpu', 'memory'), fc.constantFrom('1', '500m')),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['name'] },
);
const spec = fc.record(
  {
    containers: fc.array(container, { maxLength: 2 }),
    initContainers: fc.array(container, { maxLength: 2 }),
    hostNetwork: fc.boolean(),
    serviceAccount: word,
    serviceAccountName: word,
    volumes: fc.array(fc.record({ name: word }), { maxLength: 2 }),
    terminationGracePeriodSeconds: seconds,
    resources: fc.record({ limits: fc.constant({ cpu: '2' }) }, { requiredKeys: [] }),
  },
  { requiredKeys: ['containers'] },
);

test('defaults of defaults change nothing', () => {
  fc.assert(
    fc.property(spec, (each) => {
      const once = defaulted(pod, { metadata: {}, spec: each as PodSpec } as Pod);
      assert.deepEqual(defaulted(pod, once), once);
      const template = { metadata: {}, spec: { selector: {}, template: { spec: each } } } as Deployment;
      const deployed = defaulted(deployment, template);
      assert.deepEqual(defaulted(deployment, deployed), deployed);
    }),
    { interruptAfterTimeLimit: 2000, numRuns: 500 },
  );
});
