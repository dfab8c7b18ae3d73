import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Service, ServiceSpec } from '../kinds/generated/types.ts';
import { allocate } from './allocate.ts';
import { makePool, type Pool } from './pools.ts';

interface Options {
  readonly spec?: ServiceSpec;
  readonly annotations?: Record<string, string>;
  readonly has?: string[];
}

const service = (name: string, { spec, annotations, has }: Options = {}): Service => ({
  metadata: { name, namespace: 'default', ...(annotations === undefined ? {} : { annotations }) },
  spec: { type: 'LoadBalancer', ipFamilies: ['IPv4'], ports: [{ port: 80 }], ...spec },
  ...(has === undefined ? {} : { status: { loadBalancer: { ingress: has.map((ip) => ({ ip })) } } }),
});

const pools = [makePool('default', ['10.0.0.1-10.0.0.3'])];
const special: Pool = { ...makePool('special', ['10.9.0.1-10.9.0.2', 'fd00::1-fd00::2']), autoAssign: false };
const shared = { 'metallb.io/allow-shared-ip': 'together' };
const dual = { ipFamilies: ['IPv4', 'IPv6'] };

const cases: { name: string; services: Service[]; pools?: Pool[]; result: Record<string, string> }[] = [
  {
    name: 'each its own, in order',
    services: [service('b'), service('a')],
    result: { a: '10.0.0.1', b: '10.0.0.2' },
  },
  {
    name: 'who has a good one keeps it',
    services: [service('a'), service('b', { has: ['10.0.0.1'] })],
    result: { a: '10.0.0.2', b: '10.0.0.1 kept' },
  },
  {
    name: 'an address outside every pool is changed',
    services: [service('a', { has: ['10.7.7.7'] })],
    result: { a: '10.0.0.1 for ["10.7.7.7"] is not allowed in config' },
  },
  {
    name: 'of two that have one, the elder keeps it',
    services: [service('a', { has: ['10.0.0.1'] }), service('b', { has: ['10.0.0.1'] })],
    result: {
      a: '10.0.0.1 kept',
      b: '10.0.0.2 for can\'t change sharing key for "default/b", address also in use by default/a',
    },
  },
  {
    name: 'exhausted',
    services: ['a', 'b', 'c', 'd'].map((name) => service(name)),
    result: { a: '10.0.0.1', b: '10.0.0.2', c: '10.0.0.3', d: 'no available IPs' },
  },
  { name: 'no pools', services: [service('a')], pools: [], result: { a: 'no available IPs' } },
  {
    name: 'another type, and another class',
    services: [
      service('a', { spec: { type: 'NodePort' } }),
      service('b', { spec: { loadBalancerClass: 'x.io/y' } }),
    ],
    result: { a: 'none', b: 'none' },
  },
  {
    name: 'an address by name, in the old place and the new',
    services: [
      service('a', { spec: { loadBalancerIP: '10.0.0.3' } }),
      service('b', { annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.2' } }),
    ],
    result: { a: '10.0.0.3', b: '10.0.0.2' },
  },
  {
    name: 'another wish than what it has',
    services: [service('a', { spec: { loadBalancerIP: '10.0.0.3' }, has: ['10.0.0.1'] })],
    result: { a: '10.0.0.3' },
  },
  {
    name: 'wishes that cannot be',
    services: [
      service('a', { spec: { loadBalancerIP: '10.7.7.7' } }),
      service('b', { spec: { loadBalancerIP: 'x' } }),
      service('c', { annotations: { 'metallb.io/address-pool': 'none' } }),
      service('d', { spec: { loadBalancerIP: 'fd00::1' } }),
      service('e', { has: ['10.0.0.2'] }),
      service('f', { spec: { loadBalancerIP: '10.0.0.2' } }),
    ],
    result: {
      a: '["10.7.7.7"] is not allowed in config',
      b: 'invalid spec.loadBalancerIP "x"',
      c: 'unknown pool "none"',
      d: 'requested loadBalancer IP(s) ["fd00::1"] does not match the ipFamily of the service',
      e: '10.0.0.2 kept',
      f: 'can\'t change sharing key for "default/f", address also in use by default/e',
    },
  },
  {
    name: 'wishes that contradict themselves or the pool',
    services: [
      service('a', {
        spec: { loadBalancerIP: '10.0.0.1' },
        annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.2' },
      }),
      service('b', { annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.2,x' } }),
      service('c', {
        annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.2', 'metallb.io/address-pool': 'special' },
      }),
      service('d', { spec: { ipFamilies: ['IPv6'] }, annotations: { 'metallb.io/address-pool': 'default' } }),
      service('e', { spec: { loadBalancerIP: 'y' }, has: ['10.0.0.3'] }),
    ],
    pools: [...pools, special],
    result: {
      a: 'service can not have both metallb.io/loadBalancerIPs and svc.Spec.LoadBalancerIP',
      b: 'invalid metallb.io/loadBalancerIPs: "10.0.0.2,x"',
      c: 'requested loadBalancer IP(s) ["10.0.0.2"] is not compatible with requested address pool special',
      d: 'no available IPs in pool default for ipv6 IPFamily',
      e: '10.0.0.3 kept, though invalid spec.loadBalancerIP "y"',
    },
  },
  {
    name: 'a pool for others',
    services: [
      service('a'),
      service('b', { annotations: { 'metallb.io/address-pool': 'theirs' } }),
      service('c', { spec: { loadBalancerIP: '10.4.0.2' } }),
      service('d', { has: ['10.4.0.1'] }),
    ],
    pools: [
      {
        ...makePool('theirs', ['10.4.0.1-10.4.0.2']),
        allocation: {
          priority: 1,
          namespaces: new Set(['theirs']),
          namespaceMatchers: [],
          serviceMatchers: [],
        },
      },
      ...pools,
    ],
    result: {
      a: '10.0.0.1',
      b: 'pool theirs not compatible for ip assignment',
      c: 'pool theirs not compatible for ip assignment',
      d: '10.0.0.2 for pool theirs not compatible for ip assignment',
    },
  },
  {
    name: 'the second family, as soon as there is one',
    services: [
      service('a', {
        spec: { ...dual, ipFamilyPolicy: 'PreferDualStack' },
        has: ['10.9.0.1'],
      }),
      service('b', { spec: { ...dual, ipFamilyPolicy: 'PreferDualStack' }, has: ['10.0.0.1'] }),
    ],
    pools: [...pools, special],
    result: { a: '10.9.0.1 fd00::1 kept', b: '10.0.0.1 kept' },
  },
  {
    name: 'a pool that is only for those who name it',
    services: [
      service('a'),
      service('b', { annotations: { 'metallb.universe.tf/address-pool': 'special' } }),
    ],
    pools: [special],
    result: { a: 'no available IPs', b: '10.9.0.1' },
  },
  {
    name: 'two families, as many as there are',
    services: [
      service('a', { spec: { ...dual, ipFamilyPolicy: 'PreferDualStack' } }),
      service('b', { spec: { ...dual, ipFamilyPolicy: 'RequireDualStack' } }),
      service('c', {
        spec: { ...dual, ipFamilyPolicy: 'RequireDualStack' },
        annotations: { 'metallb.io/address-pool': 'special' },
      }),
      service('d', { spec: { ipFamilies: ['IPv6'] } }),
    ],
    pools: [...pools, special],
    result: { a: '10.0.0.1', b: 'no available IPs', c: '10.9.0.1 fd00::1', d: 'no available IPs' },
  },
  {
    name: 'sharing, by key and ports',
    services: [
      service('a', { annotations: shared }),
      service('b', { annotations: shared, spec: { ports: [{ port: 443 }], loadBalancerIP: '10.0.0.1' } }),
      service('c', { annotations: shared, spec: { ports: [{ port: 80 }], loadBalancerIP: '10.0.0.1' } }),
      service('d', {
        annotations: shared,
        spec: { ports: [{ port: 80, protocol: 'UDP' }], loadBalancerIP: '10.0.0.1' },
      }),
      service('e', { spec: { ports: [{ port: 9 }], loadBalancerIP: '10.0.0.1' } }),
      service('f', {
        annotations: shared,
        spec: {
          ports: [{ port: 9 }],
          loadBalancerIP: '10.0.0.1',
          externalTrafficPolicy: 'Local',
          selector: { app: 'f' },
        },
      }),
    ],
    result: {
      a: '10.0.0.1',
      b: '10.0.0.1',
      c: 'port TCP/80 is already in use on "10.0.0.1"',
      d: '10.0.0.1',
      e: 'can\'t change sharing key for "default/e", address also in use by default/a',
      f: 'can\'t change sharing key for "default/f", address also in use by default/a',
    },
  },
];

for (const { name, services, pools: from = pools, result } of cases)
  test(name, () => {
    const assignments = allocate(services, from);
    const shown = Object.fromEntries(
      [...assignments].map(([key, each]) => [
        key.replace('default/', ''),
        each.type === 'assigned'
          ? [
              `${each.ips.join(' ')}${each.isNew ? '' : ' kept'}`,
              ...(each.lost === undefined ? [] : [` for ${each.lost}`]),
              ...(each.problem === undefined ? [] : [`, though ${each.problem}`]),
            ].join('')
          : each.type === 'failed'
            ? each.why
            : 'none',
      ]),
    );
    assert.deepEqual(Object.fromEntries(Object.entries(shown).sort()), result);
  });

test('over any wishes: no address twice, and what was given stays when asked again', () => {
  const ip = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', '10.7.7.7');
  const wish = fc.record({
    asked: fc.option(ip, { nil: undefined }),
    has: fc.option(ip, { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(wish, { maxLength: 6 }), (wishes) => {
      const make = (has: (string | undefined)[]) =>
        wishes.map(({ asked }, index) =>
          service(`s${index}`, {
            spec: asked === undefined ? {} : { loadBalancerIP: asked },
            ...(has[index] === undefined ? {} : { has: [has[index]] }),
          }),
        );
      const ipsOf = (services: Service[]) =>
        services.map(({ metadata }) => {
          const each = allocate(services, pools).get(`default/${metadata.name}`)!;
          return each.type === 'assigned' ? each.ips[0] : undefined;
        });
      const first = ipsOf(make(wishes.map(({ has }) => has)));
      const given = first.filter((each) => each !== undefined);
      assert.equal(new Set(given).size, given.length);
      assert.deepEqual(ipsOf(make(first)), first);
    }),
    { numRuns: 500, interruptAfterTimeLimit: 3000 },
  );
});
