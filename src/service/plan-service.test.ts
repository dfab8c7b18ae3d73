import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFieldErrors } from '../kinds/field.ts';
import type { Service, ServiceSpec } from '../kinds/generated/types.ts';
import { service } from '../kinds/service.ts';
import { type Cidr, parseCidr } from '../lib/cidr.ts';
import { type IPFamily, parseAddress } from '../lib/ip.ts';
import { seededRandom } from '../lib/random.ts';
import { AddressSet } from './address-set.ts';
import { addressRange } from './ip-allocator.ts';
import type { FamilyAddresses } from './plan-cluster-ips.ts';
import { type PlanOptions, planService } from './plan-service.ts';

const selector = { app: 'web' };
const http = { port: 80, protocol: 'TCP' };

interface World {
  cidrs?: string[];
  taken?: string[];
  ports?: number[];
  nodePortRange?: { first: number; last: number };
  dryRun?: boolean;
}

function optionsOf(world: World): PlanOptions {
  const cidrs = (world.cidrs ?? ['10.96.0.0/16']).map((text) => parseCidr(text) as Cidr);
  const addresses = new Map<IPFamily, FamilyAddresses>();
  for (const cidr of cidrs)
    addresses.set(cidr.family, { ranges: [addressRange(cidr)], taken: new AddressSet() });
  for (const text of world.taken ?? []) {
    const address = parseAddress(text) ?? assert.fail(text);
    addresses.get(address.family)?.taken.add(address.value);
  }
  const ports = new Set(world.ports);
  return {
    families: cidrs.map((cidr) => cidr.family),
    addresses,
    nodePorts: {
      range: world.nodePortRange ?? { first: 30_000, last: 32_767 },
      isTaken: (port) => ports.has(port),
    },
    random: seededRandom(7),
    dryRun: world.dryRun,
  };
}

/** A spec as it is when its kind has done its part. */
function prepared(spec: ServiceSpec, old?: ServiceSpec): ServiceSpec {
  const object: Service = { metadata: { name: 'web', namespace: 'default' }, spec: structuredClone(spec) };
  service.defaults?.(object);
  if (old === undefined) service.prepareCreate?.(object);
  else service.prepareUpdate?.(object, { metadata: { name: 'web' }, spec: structuredClone(old) } as Service);
  const errors = [
    ...(service.validate?.(object) ?? []),
    ...(old === undefined
      ? []
      : (service.validateUpdate?.(object, { metadata: {}, spec: old } as Service) ?? [])),
  ];
  assert.deepEqual(errors, []);
  return object.spec ?? {};
}

function plan(spec: ServiceSpec, { old, ...world }: World & { old?: ServiceSpec } = {}) {
  const result = planService(prepared(spec, old), old, optionsOf(world));
  if (result.type !== 'planned') assert.fail(JSON.stringify(result));
  return result;
}

function failure(spec: ServiceSpec, { old, ...world }: World & { old?: ServiceSpec } = {}): string {
  const result = planService(prepared(spec, old), old, optionsOf(world));
  if (result.type === 'planned') assert.fail(JSON.stringify(result));
  return result.type === 'refused' ? describeFieldErrors(result.errors) : `500 ${result.message}`;
}

/** The spec of a Service that has been created. */
const created = (spec: ServiceSpec, world: World = {}): ServiceSpec => plan(spec, world).spec;

const dual: World = { cidrs: ['10.96.0.0/16', 'fd00:10:96::/112'] };
const isDynamic = (ip: string | undefined) =>
  /^10\.96\.\d+\.\d+$/.test(ip ?? '') && !/^10\.96\.(0\.|1\.0$)/.test(ip ?? '');

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

test('headless Services take nothing; without selector they are of both families', () => {
  const withSelector = plan({ selector, clusterIP: 'None' });
  assert.deepEqual(withSelector.spec.clusterIPs, ['None']);
  assert.deepEqual(withSelector.spec.ipFamilies, ['IPv4']);
  assert.equal(withSelector.spec.ipFamilyPolicy, 'SingleStack');
  assert.deepEqual(withSelector.takeAddresses, []);
  const without = plan({ clusterIP: 'None' });
  assert.deepEqual(without.spec.ipFamilies, ['IPv4', 'IPv6']);
  assert.equal(without.spec.ipFamilyPolicy, 'RequireDualStack');
  assert.deepEqual(without.takeAddresses, []);
  const ipv6 = plan({ clusterIP: 'None', ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' });
  assert.deepEqual(ipv6.spec.ipFamilies, ['IPv6']);
});

test('ExternalName takes nothing and says nothing of families', () => {
  const { spec, takeAddresses } = plan({ type: 'ExternalName', externalName: 'db.example.com' });
  assert.deepEqual(spec, { type: 'ExternalName', externalName: 'db.example.com', sessionAffinity: 'None' });
  assert.deepEqual(takeAddresses, []);
});

test('dual-stack policies on a cluster with both families and on one with one', () => {
  const of = (spec: ServiceSpec, world: World) => {
    const { spec: planned, takeAddresses } = plan({ selector, ports: [http], ...spec }, world);
    return `${planned.ipFamilyPolicy} ${planned.ipFamilies} ${takeAddresses.length}`;
  };
  const cases: [ServiceSpec, World, string][] = [
    [{}, dual, 'SingleStack IPv4 1'],
    [{ ipFamilyPolicy: 'PreferDualStack' }, dual, 'PreferDualStack IPv4,IPv6 2'],
    [{ ipFamilyPolicy: 'RequireDualStack' }, dual, 'RequireDualStack IPv4,IPv6 2'],
    [{ ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6'] }, dual, 'PreferDualStack IPv6,IPv4 2'],
    [{ ipFamilies: ['IPv6'] }, dual, 'SingleStack IPv6 1'],
    [{ clusterIP: 'fd00:10:96::9' }, dual, 'SingleStack IPv6 1'],
    [{ clusterIP: 'fd00:10:96::9', ipFamilyPolicy: 'PreferDualStack' }, dual, 'PreferDualStack IPv6,IPv4 2'],
    [{ ipFamilyPolicy: 'PreferDualStack' }, {}, 'PreferDualStack IPv4 1'],
  ];
  for (const [spec, world, expected] of cases) assert.equal(of(spec, world), expected, JSON.stringify(spec));
});

test('TCP and UDP of one number share a node port on create; another number has another', () => {
  const { spec, takePorts } = plan({
    type: 'NodePort',
    selector,
    ports: [
      { name: 'dns-tcp', port: 53, protocol: 'TCP' },
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'metrics', port: 9153, protocol: 'TCP' },
    ],
  });
  const [tcp, udp, metrics] = (spec.ports ?? []).map((port) => port.nodePort);
  assert.equal(tcp, udp);
  assert.notEqual(tcp, metrics);
  assert.ok((tcp as number) >= 30_086 && (metrics as number) >= 30_086);
  assert.deepEqual(takePorts, [tcp, metrics]);
});

test('a node port asked for on the second of two ports of one number goes to both', () => {
  const { spec } = plan({
    type: 'NodePort',
    selector,
    ports: [
      { name: 'dns-tcp', port: 53, protocol: 'TCP' },
      { name: 'dns', port: 53, protocol: 'UDP', nodePort: 30_053 },
    ],
  });
  assert.deepEqual(
    spec.ports?.map((port) => port.nodePort),
    [30_053, 30_053],
  );
});

test('two node ports asked for on one number are both given', () => {
  const { takePorts } = plan({
    type: 'NodePort',
    selector,
    ports: [
      { name: 'dns-tcp', port: 53, protocol: 'TCP', nodePort: 30_053 },
      { name: 'dns', port: 53, protocol: 'UDP', nodePort: 30_054 },
    ],
  });
  assert.deepEqual(takePorts, [30_053, 30_054]);
});

test('a load balancer without node ports takes only those asked for', () => {
  const { spec, takePorts } = plan({
    type: 'LoadBalancer',
    allocateLoadBalancerNodePorts: false,
    selector,
    ports: [
      { name: 'a', port: 80, protocol: 'TCP' },
      { name: 'b', port: 81, protocol: 'TCP', nodePort: 30_081 },
    ],
  });
  assert.deepEqual(
    spec.ports?.map((port) => port.nodePort),
    [undefined, 30_081],
  );
  assert.deepEqual(takePorts, [30_081]);
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

test('a PreferDualStack Service of a cluster with one family does not grow by being written again', () => {
  const old = created({ selector, ports: [http], ipFamilyPolicy: 'PreferDualStack' });
  const again = plan(old, { ...dual, old });
  assert.deepEqual(again.spec, old);
  assert.deepEqual(again.takeAddresses, []);
});

test('a port that moves within its Service is not taken twice', () => {
  const old = created({ type: 'NodePort', selector, ports: [{ ...http, name: 'a', nodePort: 30_080 }] });
  const moved = plan(
    { ...old, ports: [{ name: 'b', port: 8080, protocol: 'TCP', nodePort: 30_080 }] },
    { old, ports: [30_080] },
  );
  assert.deepEqual([moved.takePorts, moved.releasePorts], [[], []]);
});

test('a new port takes a node port, a removed one gives its own back', () => {
  const old = created({ type: 'NodePort', selector, ports: [{ ...http, name: 'a', nodePort: 30_080 }] });
  const changed = plan({ ...old, ports: [{ name: 'b', port: 81, protocol: 'TCP' }] }, { old });
  assert.equal(changed.takePorts.length, 1);
  assert.deepEqual(changed.releasePorts, [30_080]);
});

test('the Service given in is not changed', () => {
  const spec = prepared({ type: 'NodePort', selector, ports: [http] });
  const before = structuredClone(spec);
  planService(spec, undefined, optionsOf({}));
  assert.deepEqual(spec, before);
});
