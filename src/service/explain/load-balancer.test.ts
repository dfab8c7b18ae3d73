import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { balancer, dials, type ExplainTestCase, saidOf } from '../explain-fixture.ts';

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
