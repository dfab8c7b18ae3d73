import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type ExplainTestCase,
  nodeOf,
  noPods,
  notReady,
  podOf,
  saidOf,
  serviceOf,
  sliceOf,
  waiting,
  withPod,
  workloadOf,
} from '../explain-fixture.ts';

const cases: Record<string, ExplainTestCase> = {
  'a selector with a mistyped value': {
    facts: { service: serviceOf({ selector: { app: 'wbe' } }), slices: [] },
    said: [
      "broken: Service default/web does not answer because no pod has the labels of its selector app=wbe: pod web-1 has app=web (NoMatchingPods): mend the selector or the pods' labels.",
      '!! pods: NoMatchingPods',
      '-- readiness: NotNeeded',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
    ],
  },
  'a selector with one label too many': {
    facts: { service: serviceOf({ selector: { app: 'web', tier: 'front' } }), slices: [] },
    said: [
      "broken: Service default/web does not answer because no pod has the labels of its selector app=web,tier=front: pod web-1 has no label tier (NoMatchingPods): mend the selector or the pods' labels.",
      '!! pods: NoMatchingPods',
      '-- readiness: NotNeeded',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
    ],
  },
  'a selector like nothing': {
    facts: { service: serviceOf({ selector: { role: 'db' } }), slices: [] },
    said: [
      "broken: Service default/web does not answer because no pod has the labels of its selector role=db: 2 pods there have other labels (NoMatchingPods): mend the selector or the pods' labels.",
      '!! pods: NoMatchingPods',
      '-- readiness: NotNeeded',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
    ],
  },
  'no pods at all': {
    facts: noPods,
    said: [
      "broken: Service default/web does not answer because no pod has the labels of its selector app=web: there are no pods at all (NoMatchingPods): mend the selector or the pods' labels.",
      '!! pods: NoMatchingPods',
      '-- readiness: NotNeeded',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
    ],
  },
  'the pods are in another namespace': {
    facts: { ...noPods, podsElsewhere: [{ namespace: 'shop', name: 'web-1' }] },
    said: [
      'broken: Service default/web does not answer because the pods with app=web are in namespace shop, and a selector finds only those of its own (PodsInOtherNamespace): make the Service in namespace shop.',
      '!! pods: PodsInOtherNamespace',
      '-- readiness: NotNeeded',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
    ],
  },
  'all pods have finished': {
    facts: {
      ...noPods,
      pods: [
        podOf('web-1', (pod) => {
          pod.status!.phase = 'Succeeded';
        }),
      ],
    },
    said: [
      'broken: Service default/web does not answer because all pods with app=web have finished (web-1) (PodsFinished): select pods that go on running.',
      '!! pods: PodsFinished',
      '-- readiness: NotNeeded',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
    ],
  },
  'a Deployment scaled to 0': {
    facts: {
      ...noPods,
      workloads: [
        workloadOf({ kind: 'ReplicaSet', name: 'web-abc', replicas: 0 }),
        workloadOf({ replicas: 0 }),
      ],
    },
    said: [
      'broken: Service default/web does not answer because Deployment web, which makes its pods, is scaled to 0 (ScaledToZero): scale it up with "kubectl scale deployment/web --replicas=1".',
      '!! pods: ScaledToZero',
      '-- readiness: NotNeeded',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
    ],
  },
  'a Deployment paused before it began': {
    facts: { ...noPods, workloads: [workloadOf({ isPaused: true })] },
    said: [
      'broken: Service default/web does not answer because Deployment web, which makes its pods, is paused and has made none (DeploymentPaused): go on with "kubectl rollout resume deployment/web".',
      '!! pods: DeploymentPaused',
      '-- readiness: NotNeeded',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
    ],
  },
  'a quota forbids the pods': {
    facts: { ...noPods, workloads: [workloadOf({ problem: 'pods "web-1" is forbidden: exceeded quota' })] },
    said: [
      'broken: Service default/web does not answer because Deployment web has made no pods yet (pods "web-1" is forbidden: exceeded quota) (PodsNotCreated): look at it with "kubectl describe deployment/web".',
      '!! pods: PodsNotCreated',
      '-- readiness: NotNeeded',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
    ],
  },
  'no node for the pods': {
    facts: withPod(
      notReady((pod) => {
        pod.status!.phase = 'Pending';
        pod.status!.containerStatuses = [];
        pod.status!.conditions!.push({
          type: 'PodScheduled',
          status: 'False',
          message: '0/2 nodes are available: 2 Insufficient cpu.',
        });
      }),
    ),
    said: [
      'broken: Service default/web does not answer because its only pod is not ready (web-1: no node for it: 0/2 nodes are available: 2 Insufficient cpu.) (PodsNotScheduled): look at "kubectl describe pod web-1 -n default".',
      '!! readiness: PodsNotScheduled',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
    ],
  },
  'an image that is not there': {
    facts: withPod(waiting('ImagePullBackOff')),
    said: [
      'broken: Service default/web does not answer because its only pod is not ready (web-1: container main (image nginx) waits: ImagePullBackOff) (ImageNotPulled): look at "kubectl describe pod web-1 -n default".',
      '!! readiness: ImageNotPulled',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
    ],
  },
  'a program that crashes': {
    facts: withPod(waiting('CrashLoopBackOff')),
    said: [
      'broken: Service default/web does not answer because its only pod is not ready (web-1: container main waits: CrashLoopBackOff) (ContainersCrash): look at "kubectl describe pod web-1 -n default".',
      '!! readiness: ContainersCrash',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
    ],
  },
  'a program that ended': {
    facts: withPod(
      notReady((pod) => {
        pod.status!.containerStatuses![0]!.state = { terminated: { exitCode: 3 } };
      }),
    ),
    said: [
      'broken: Service default/web does not answer because its only pod is not ready (web-1: container main ended with exit code 3) (ContainersCrash): look at "kubectl describe pod web-1 -n default".',
      '!! readiness: ContainersCrash',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
    ],
  },
  starting: {
    facts: withPod(waiting('ContainerCreating')),
    said: [
      'broken: Service default/web does not answer because its only pod is not ready (web-1: container main waits: ContainerCreating) (PodsStarting): look at "kubectl describe pod web-1 -n default".',
      '!! readiness: PodsStarting',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
    ],
  },
  'a readiness probe that fails': {
    facts: withPod(
      notReady((pod) => {
        pod.spec!.containers[0]!.readinessProbe = { httpGet: { port: 8080 } };
      }),
    ),
    said: [
      'broken: Service default/web does not answer because its only pod is not ready (web-1: the readinessProbe of container main fails) (ReadinessProbeFails): look at "kubectl describe pod web-1 -n default".',
      '!! readiness: ReadinessProbeFails',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
    ],
  },
  'a readiness gate that is not open': {
    facts: withPod(
      notReady((pod) => {
        pod.spec!.readinessGates = [{ conditionType: 'example.com/gate' }];
        pod.status!.containerStatuses![0]!.ready = true;
      }),
    ),
    said: [
      'broken: Service default/web does not answer because its only pod is not ready (web-1: its readiness gate example.com/gate is not True) (ReadinessGateOpen): look at "kubectl describe pod web-1 -n default".',
      '!! readiness: ReadinessGateOpen',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
    ],
  },
  "the pod's node is away": {
    facts: { ...withPod(notReady()), nodes: [nodeOf('node-1', false), nodeOf('node-2')] },
    said: [
      'broken: Service default/web does not answer because its only pod is not ready (web-1: its node node-1 is not ready) (NodeNotReady): look at "kubectl describe pod web-1 -n default".',
      '!! readiness: NodeNotReady',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
    ],
  },
  'pods being deleted, still serving': {
    facts: {
      pods: [
        podOf('web-1', (pod) => {
          pod.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
        }),
      ],
      slices: [
        sliceOf({
          endpoints: [
            {
              addresses: ['10.244.0.2'],
              conditions: { ready: false, serving: true, terminating: true },
              nodeName: 'node-1',
            },
          ],
        }),
      ],
    },
    said: [
      'answers: Service default/web answers: node node-1 reaches 10.96.0.20:80/TCP; mind that none of 1 pod is ready (web-1: it is being deleted), but some still serve (PodsTerminating).',
      ' ! readiness: PodsTerminating',
      ' ! endpoints: OnlyTerminating',
    ],
  },
  'one of two pods not ready': {
    facts: { pods: [podOf('web-1'), podOf('web-2', waiting('CrashLoopBackOff'))] },
    said: [
      'answers: Service default/web answers: node node-1 reaches 10.96.0.20:80/TCP; mind that 1 of 2 pods is ready, the others get nothing (web-2: container main waits: CrashLoopBackOff) (SomePodsNotReady).',
      ' ! readiness: SomePodsNotReady',
    ],
  },
  'not ready, but published': {
    facts: {
      service: serviceOf({ publishNotReadyAddresses: true }),
      pods: [podOf('web-1', notReady()), podOf('web-2', notReady())],
    },
    said: [
      'answers: Service default/web answers: node node-1 reaches 10.96.0.20:80/TCP; mind that 0 of 2 pods are ready (web-1: its condition Ready is not True), but publishNotReadyAddresses takes them all (PublishedNotReady).',
      ' ! readiness: PublishedNotReady',
    ],
  },
};

describe('explains', () => {
  for (const [name, { said, ...given }] of Object.entries(cases))
    test(name, () => assert.deepEqual(saidOf(given), said));
});
