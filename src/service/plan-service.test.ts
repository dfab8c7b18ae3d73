import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceSpec } from '../kinds/generated/types.ts';
import { internal, refused } from './plan-failure.ts';
import {
  created,
  dual,
  failure,
  http,
  isDynamic,
  optionsOf,
  plan,
  prepared,
  selector,
} from './plan-fixture.ts';
import { holdingsOf, planService } from './plan-service.ts';

test('a Service without wishes gets an address of the upper band and its family', () => {
  const { spec, takeAddresses, takePorts } = plan({ selector, ports: [http] });
  assert.ok(isDynamic(spec.clusterIP), String(spec.clusterIP));
  assert.deepEqual(spec.clusterIPs, [spec.clusterIP]);
  assert.deepEqual(spec.ipFamilies, ['IPv4']);
  assert.equal(spec.ipFamilyPolicy, 'SingleStack');
  assert.deepEqual(takeAddresses, [spec.clusterIP]);
  assert.deepEqual(takePorts, []);
});

test('what cannot be had is refused in these words', () => {
  const clusterIP = (ip: string): ServiceSpec => ({ selector, ports: [http], clusterIP: ip });
  const nodePort = (port: number): ServiceSpec => ({
    type: 'NodePort',
    selector,
    ports: [{ ...http, nodePort: port }],
  });
  const local: ServiceSpec = {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    selector,
    ports: [http],
  };
  const cases: [name: string, actual: string, expected: string][] = [
    [
      'an address that another has',
      failure(clusterIP('10.96.0.5'), { taken: ['10.96.0.5'] }),
      'spec.clusterIPs: Invalid value: ["10.96.0.5"]: failed to allocate IP 10.96.0.5: provided IP is already allocated',
    ],
    [
      'an address outside of the ranges',
      failure(clusterIP('10.97.0.5')),
      'spec.clusterIPs: Invalid value: ["10.97.0.5"]: failed to allocate IP 10.97.0.5: the provided network does not match the current range',
    ],
    [
      'the same in a dry run',
      failure(clusterIP('10.97.0.5'), { dryRun: true }),
      'spec.clusterIPs: Invalid value: ["10.97.0.5"]: failed to allocate IP 10.97.0.5: the provided IP (10.97.0.5) is not in the valid range. The range of valid IPs is 10.96.0.0/16',
    ],
    [
      'the network address',
      failure(clusterIP('10.96.0.0')),
      'spec.clusterIPs: Invalid value: ["10.96.0.0"]: failed to allocate IP 10.96.0.0: the provided network does not match the current range',
    ],
    [
      'the broadcast address',
      failure(clusterIP('10.96.255.255')),
      'spec.clusterIPs: Invalid value: ["10.96.255.255"]: failed to allocate IP 10.96.255.255: the provided network does not match the current range',
    ],
    [
      'an address of a family that the cluster lacks',
      failure(clusterIP('fd00::5')),
      'spec.clusterIPs[0]: Invalid value: ["fd00::5"]: IPv6 is not configured on this cluster',
    ],
    [
      'a full range',
      failure(
        { selector, ports: [http] },
        {
          cidrs: ['10.96.0.0/29'],
          taken: [1, 2, 3, 4, 5, 6].map((last) => `10.96.0.${last}`),
        },
      ),
      '500 failed to allocate a serviceIP: range is full',
    ],
    [
      'a family that the cluster lacks',
      failure({ selector, ports: [http], ipFamilies: ['IPv6'] }),
      'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
    ],
    [
      'two families on a cluster with one',
      failure({ selector, ports: [http], ipFamilyPolicy: 'RequireDualStack' }),
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
    ],
    [
      'both said at once',
      failure({
        selector,
        ports: [http],
        ipFamilyPolicy: 'RequireDualStack',
        ipFamilies: ['IPv4', 'IPv6'],
      }),
      '[spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services, spec.ipFamilies[1]: Invalid value: "IPv6": not configured on this cluster]',
    ],
    [
      'two addresses without the policy for it',
      failure(
        { selector, ports: [http], clusterIP: '10.96.0.5', clusterIPs: ['10.96.0.5', 'fd00:10:96::5'] },
        dual,
      ),
      "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified",
    ],
    [
      'two families without the policy for it',
      failure({ selector, ports: [http], ipFamilies: ['IPv4', 'IPv6'] }, dual),
      "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
    ],
    [
      'a node port that another has',
      failure(nodePort(30_080), { ports: [30_080] }),
      'spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
    ],
    [
      'a node port outside of the range',
      failure(nodePort(80)),
      'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
    ],
    [
      'one node port for two port numbers',
      failure({
        type: 'NodePort',
        selector,
        ports: [
          { name: 'a', port: 80, protocol: 'TCP', nodePort: 30_080 },
          { name: 'b', port: 53, protocol: 'UDP', nodePort: 30_080 },
        ],
      }),
      'spec.ports[1].nodePort: Invalid value: 30080: provided port is already allocated',
    ],
    [
      'no node port left',
      failure(
        { type: 'NodePort', selector, ports: [http] },
        { nodePortRange: { first: 30_000, last: 30_001 }, ports: [30_000, 30_001] },
      ),
      '500 failed to allocate a nodePort: range is full',
    ],
    [
      'a health check port that another has',
      failure({ ...local, healthCheckNodePort: 31_000 }, { ports: [31_000] }),
      '500 failed to allocate requested HealthCheck NodePort 31000: provided port is already allocated',
    ],
    [
      'no health check port left',
      failure(local, { nodePortRange: { first: 30_000, last: 30_000 } }),
      '500 failed to allocate a HealthCheck NodePort 0: range is full',
    ],
  ];
  for (const [name, actual, expected] of cases) assert.equal(actual, expected, name);
});

test('a static address is taken as it is', () => {
  const { spec, takeAddresses } = plan({ selector, ports: [http], clusterIP: '10.96.0.10' });
  assert.equal(spec.clusterIP, '10.96.0.10');
  assert.deepEqual(takeAddresses, ['10.96.0.10']);
});

test('a static IPv6 address is taken under its canonical name, and stays as it was written', () => {
  const { spec, takeAddresses } = plan(
    { selector, ports: [http], clusterIP: 'FD00:10:96:0::5', ipFamilies: ['IPv6'] },
    dual,
  );
  assert.equal(spec.clusterIP, 'FD00:10:96:0::5');
  assert.deepEqual(takeAddresses, ['fd00:10:96::5']);
});

test('ExternalName takes nothing and says nothing of families', () => {
  const { spec, takeAddresses } = plan({ type: 'ExternalName', externalName: 'db.example.com' });
  assert.deepEqual(spec, { type: 'ExternalName', externalName: 'db.example.com', sessionAffinity: 'None' });
  assert.deepEqual(takeAddresses, []);
});

test('a load balancer with local traffic has a health check port, until its traffic is not local', () => {
  const spec: ServiceSpec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', selector, ports: [http] };
  const old = created(spec);
  assert.ok((old.healthCheckNodePort ?? 0) >= 30_086);
  const again = plan(spec, { old });
  assert.equal(again.spec.healthCheckNodePort, old.healthCheckNodePort);
  assert.deepEqual([again.takePorts, again.releasePorts], [[], []]);
  const cluster = plan({ ...old, externalTrafficPolicy: 'Cluster' }, { old });
  assert.equal(cluster.spec.healthCheckNodePort, undefined);
  assert.deepEqual(cluster.releasePorts, [old.healthCheckNodePort]);
});

test('the manifest applied again keeps what was given and takes nothing', () => {
  const manifest: ServiceSpec = { type: 'NodePort', selector, ports: [http] };
  const old = created(manifest);
  const again = plan(manifest, { old });
  assert.deepEqual(again.spec, old);
  assert.deepEqual(
    [again.takeAddresses, again.releaseAddresses, again.takePorts, again.releasePorts],
    [[], [], [], []],
  );
});

test('changes of type take and give back', () => {
  const clusterIP = created({ selector, ports: [http] });
  const nodePort = created({ type: 'NodePort', selector, ports: [http] });
  const external: ServiceSpec = {
    type: 'ExternalName',
    externalName: 'db.example.com',
    selector,
    ports: [http],
  };

  const toNodePort = plan({ ...clusterIP, type: 'NodePort' }, { old: clusterIP });
  assert.equal(toNodePort.takePorts.length, 1);
  assert.deepEqual(toNodePort.takeAddresses, []);
  assert.equal(toNodePort.spec.externalTrafficPolicy, 'Cluster');

  const toClusterIP = plan({ ...nodePort, type: 'ClusterIP' }, { old: nodePort });
  assert.deepEqual(toClusterIP.releasePorts, [nodePort.ports?.[0]?.nodePort]);
  assert.equal(toClusterIP.spec.ports?.[0]?.nodePort, undefined);
  assert.equal(toClusterIP.spec.externalTrafficPolicy, undefined);
  assert.equal(toClusterIP.spec.clusterIP, nodePort.clusterIP);

  const toExternal = plan(
    { ...nodePort, type: 'ExternalName', externalName: 'db.example.com' },
    { old: nodePort },
  );
  assert.deepEqual(toExternal.releaseAddresses, [nodePort.clusterIP]);
  assert.deepEqual(toExternal.releasePorts, [nodePort.ports?.[0]?.nodePort]);
  assert.equal(toExternal.spec.clusterIP, undefined);
  assert.equal(toExternal.spec.internalTrafficPolicy, undefined);
  assert.equal(toExternal.spec.clusterIPs, undefined);
  assert.equal(toExternal.spec.ipFamilies, undefined);
  assert.equal(toExternal.spec.ipFamilyPolicy, undefined);

  const fromExternal = plan({ ...external, type: 'ClusterIP' }, { old: created(external) });
  assert.ok(isDynamic(fromExternal.spec.clusterIP));
  assert.deepEqual(fromExternal.takeAddresses, [fromExternal.spec.clusterIP]);
});

test('the second address comes and goes with the policy', () => {
  const single = created({ selector, ports: [http] }, dual);
  const both = plan({ ...single, ipFamilyPolicy: 'PreferDualStack' }, { ...dual, old: single });
  assert.equal(both.spec.clusterIPs?.[0], single.clusterIP);
  assert.equal(both.takeAddresses.length, 1);
  assert.match(both.takeAddresses[0] as string, /^fd00:10:96::/);
  assert.deepEqual(both.spec.ipFamilies, ['IPv4', 'IPv6']);
  const back = plan({ ...both.spec, ipFamilyPolicy: 'SingleStack' }, { ...dual, old: both.spec });
  assert.deepEqual(back.spec.clusterIPs, [single.clusterIP]);
  assert.deepEqual(back.spec.ipFamilies, ['IPv4']);
  assert.deepEqual(back.releaseAddresses, both.takeAddresses);
});

test('a second address may be asked for by name', () => {
  const single = created({ selector, ports: [http] }, dual);
  const wish: ServiceSpec = {
    ...single,
    ipFamilyPolicy: 'RequireDualStack',
    clusterIPs: [single.clusterIP as string, 'fd00:10:96::77'],
  };
  assert.deepEqual(plan(wish, { ...dual, old: single }).takeAddresses, ['fd00:10:96::77']);
  assert.equal(
    failure(wish, { ...dual, old: single, taken: ['fd00:10:96::77'] }),
    `spec.clusterIPs: Invalid value: ["${single.clusterIP}","fd00:10:96::77"]: failed to allocate IP fd00:10:96::77: provided IP is already allocated`,
  );
});

test('the Service given in is not changed', () => {
  const spec = prepared({ type: 'NodePort', selector, ports: [http] });
  const before = structuredClone(spec);
  planService(spec, undefined, optionsOf({}));
  assert.deepEqual(spec, before);
});

test('what a Service holds', () => {
  const nothing = { addresses: new Set(), ports: new Set() };
  assert.deepEqual(holdingsOf(undefined), nothing);
  assert.deepEqual(holdingsOf({ clusterIPs: ['None'] }), nothing);
  assert.deepEqual(holdingsOf({ type: 'NodePort', healthCheckNodePort: 30_001 }), nothing);
  const balanced: ServiceSpec = {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    clusterIPs: ['10.96.0.1', 'FD00::1'],
    ports: [{ port: 80, nodePort: 30_000 }],
    healthCheckNodePort: 30_001,
  };
  assert.deepEqual(holdingsOf(balanced), {
    addresses: new Set(['10.96.0.1', 'fd00::1']),
    ports: new Set([30_000, 30_001]),
  });
});

test('failures say whose they are', () => {
  assert.deepEqual(refused([]), { type: 'refused', errors: [] });
  assert.deepEqual(internal('range is full'), { type: 'internal', message: 'range is full' });
});
