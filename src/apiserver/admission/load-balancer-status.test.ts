import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { make, mergePatch, verdict } from '../rest/testing.ts';
import { startTestServer } from '../test-server.ts';
import { loadBalancerStatus } from './load-balancer-status.ts';

const services = '/api/v1/namespaces/default/services';
const groups = ['system:masters', 'system:authenticated'];
const person = { name: 'kubernetes-admin', groups };
const operator = { name: 'system:serviceaccount:metallb-system:controller', groups };
const balancer = { name: 'system:kube-controller-manager', groups };
const ingress = { status: { loadBalancer: { ingress: [{ ip: '192.0.2.66' }] } } };
const label = { metadata: { annotations: { seen: 'yes' } } };

describe(loadBalancerStatus.name, () => {
  const cases: {
    name: string;
    user: typeof person;
    body: object;
    class?: string;
    refused?: true;
    path?: string;
  }[] = [
    { name: 'an administrator', user: person, body: ingress, refused: true },
    { name: 'a service account', user: operator, body: ingress, refused: true },
    { name: 'the balancer', user: balancer, body: ingress },
    {
      name: 'an administrator, with a class',
      user: person,
      body: ingress,
      class: 'example.com/internal-vip',
    },
    { name: 'an administrator, who writes something else of the status', user: person, body: label },
    {
      name: 'an administrator, through the object itself: nothing happens',
      user: person,
      body: ingress,
      path: '',
    },
  ];
  for (const each of cases)
    test(each.name, async () => {
      const server = await startTestServer();
      try {
        await make(server, services, {
          metadata: { name: 'web' },
          spec: {
            type: 'LoadBalancer',
            ports: [{ port: 80 }],
            ...(each.class === undefined ? {} : { loadBalancerClass: each.class }),
          },
        });
        const answer = await server.call('PATCH', `${services}/web${each.path ?? '/status'}`, {
          body: each.body,
          headers: mergePatch,
          user: each.user,
        });
        const why =
          'services "web" is forbidden: status.loadBalancer of a Service without loadBalancerClass is written by the built-in load balancer alone (CVE-2020-8554)';
        if (each.refused) assert.deepEqual(verdict(answer), [403, 'Forbidden', why]);
        else assert.equal(answer.status, 200, answer.text);
        if (each.path === '') assert.ok(!answer.text.includes('192.0.2.66'), answer.text);
      } finally {
        await server.close();
      }
    });
});
