import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { balancer, dials, type ExplainTestCase, notReady, saidOf, withPod } from '../explain-fixture.ts';

const cases: Record<string, ExplainTestCase> = {
  'a load balancer without an address': {
    facts: { service: balancer() },
    said: [
      'broken: Service default/web does not answer from outside because it has no external address yet (LoadBalancerPending): see whether there is an address pool, and whether the controller load-balancer runs.',
      '!! load balancer: LoadBalancerPending',
    ],
  },
  'a load balancer whose pool is exhausted': {
    facts: {
      service: balancer(),
      events: [
        {
          type: 'Warning',
          reason: 'AllocationFailed',
          message: 'Failed to allocate IP for "default/web": no available IPs',
        },
      ],
    },
    said: [
      'broken: Service default/web does not answer from outside because no address pool has one left for it (Failed to allocate IP for "default/web": no available IPs) (PoolExhausted): add addresses to a pool, or delete a Service that has one.',
      '!! load balancer: PoolExhausted',
    ],
  },
  'a load balancer that asks for an address outside': {
    facts: {
      service: balancer({ loadBalancerIP: '192.0.2.1' }),
      events: [
        {
          type: 'Warning',
          reason: 'AllocationFailed',
          message: 'Failed to allocate IP for "default/web": ["192.0.2.1"] is not allowed in config',
        },
      ],
    },
    said: [
      'broken: Service default/web does not answer from outside because it has no external address yet (Failed to allocate IP for "default/web": ["192.0.2.1"] is not allowed in config) (LoadBalancerPending): see whether 192.0.2.1 is in a pool and free.',
      '!! load balancer: LoadBalancerPending',
    ],
  },
  'a load balancer of another class': {
    facts: { service: balancer({ loadBalancerClass: 'example.com/lb' }) },
    said: [
      'broken: Service default/web does not answer from outside because its loadBalancerClass example.com/lb asks for another implementation, which has given it no address (OtherLoadBalancerClass): make it anew without loadBalancerClass, or install that implementation.',
      '!! load balancer: OtherLoadBalancerClass',
    ],
  },
  'a load balancer that answers': {
    facts: {
      service: balancer({}, [{ ip: '172.30.0.200' }]),
      events: [
        {
          type: 'Normal',
          reason: 'nodeAssigned',
          message: 'announcing from node "node-2" with protocol "layer2"',
        },
      ],
    },
    said: ['answers: Service default/web answers: node node-1 reaches 10.96.0.20:80/TCP.'],
  },
  'a load balancer whose node is gone': {
    facts: {
      service: balancer({}, [{ ip: '172.30.0.200' }]),
      events: [
        {
          type: 'Normal',
          reason: 'nodeAssigned',
          message: 'announcing from node "node-9" with protocol "layer2"',
        },
      ],
    },
    said: [
      'broken: Service default/web does not answer from outside because 172.30.0.200 was announced by node node-9, which is gone (NotAnnounced): start the agent of another node.',
      '!! load balancer: NotAnnounced',
    ],
  },
  'a load balancer that no L2Advertisement is for': {
    facts: {
      service: balancer({}, [{ ip: '172.30.0.100' }]),
      announcement: { nobody: 'NotAdvertised' },
    },
    said: [
      'broken: Service default/web does not answer from outside because no L2Advertisement is for 172.30.0.100, so no node announces it (NotAnnounced): make an L2Advertisement for its pool.',
      '!! load balancer: NotAnnounced',
    ],
  },
  'a load balancer that no node may announce': {
    facts: { service: balancer({}, [{ ip: '172.30.0.100' }]), announcement: { nobody: 'NoUsableNode' } },
    said: [
      'broken: Service default/web does not answer from outside because no node that could announce 172.30.0.100 is ready and selected by an L2Advertisement of its pool (NotAnnounced): look at the nodes with "kubectl get nodes", and at the nodeSelectors of the L2Advertisement.',
      '!! load balancer: NotAnnounced',
    ],
  },
  'a load balancer for local endpoints, which are on other nodes': {
    facts: { service: balancer({}, [{ ip: '172.30.0.100' }]), announcement: { nobody: 'NoLocalEndpoint' } },
    said: [
      'broken: Service default/web does not answer from outside because externalTrafficPolicy is Local, and no node that may announce 172.30.0.100 has an endpoint (NotAnnounced): run a pod on such a node, or set externalTrafficPolicy to Cluster.',
      '!! load balancer: NotAnnounced',
    ],
  },
  'a load balancer for local endpoints, of which there are none': {
    facts: {
      service: balancer({ externalTrafficPolicy: 'Local' }, [{ ip: '172.30.0.100' }]),
      ...withPod(notReady()),
      announcement: { nobody: 'NoLocalEndpoint' },
    },
    answer: dials('refused'),
    said: [
      'broken: Service default/web does not answer because its only pod is not ready (web-1: its condition Ready is not True) (PodsNotReady): look at "kubectl describe pod web-1 -n default".',
      '!! readiness: PodsNotReady',
      '-- endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
      '-- load balancer: NoEndpoints',
      '!! connection: ConnectionRefused',
      '-- node port: NoEndpoints',
    ],
  },
  'a load balancer that does not answer': {
    facts: { service: balancer({}, [{ ip: '172.30.0.200' }]) },
    answer: dials('timedOut', '172.30.0.200:80'),
    said: [
      'broken: Service default/web does not answer from outside because 172.30.0.200:80 does not answer node node-1 (LoadBalancerFails): look at the agents of the nodes (172.30.0.2 and 172.30.0.3).',
      '!! load balancer: LoadBalancerFails',
    ],
  },
  'a load balancer whose source ranges the client is in': {
    facts: {
      service: balancer({ loadBalancerSourceRanges: ['198.51.100.0/24', '172.30.0.0/24'] }, [
        { ip: '172.30.0.200' },
      ]),
    },
    answer: dials('timedOut', '172.30.0.200:80'),
    said: [
      'broken: Service default/web does not answer from outside because 172.30.0.200:80 does not answer node node-1 (LoadBalancerFails): look at the agents of the nodes (172.30.0.2 and 172.30.0.3).',
      ' ! policy: SourceRanges',
      '!! load balancer: LoadBalancerFails',
    ],
  },
  'a load balancer whose source ranges are for others': {
    facts: { service: balancer({ loadBalancerSourceRanges: ['198.51.100.0/24'] }, [{ ip: '172.30.0.200' }]) },
    answer: dials('timedOut', '172.30.0.200:80'),
    said: [
      'answers: Service default/web answers: node node-1 reaches 10.96.0.20:80/TCP; mind that its load balancer lets in only clients from 198.51.100.0/24 (SourceRanges).',
      ' ! policy: SourceRanges',
      '-- load balancer: SourceRanges',
    ],
  },
};

describe('explains', () => {
  for (const [name, { said, ...given }] of Object.entries(cases))
    test(name, () => assert.deepEqual(saidOf(given), said));
});
