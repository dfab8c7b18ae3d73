import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, http, plan, selector } from './plan-fixture.ts';
import { nodePortsOf } from './plan-node-ports.ts';

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

test('the node ports of a Service, the health check aside', () => {
  const ports = [{ port: 80, nodePort: 30_000 }, { port: 81 }, { port: 82, nodePort: 0 }];
  assert.deepEqual([...nodePortsOf({ ports, healthCheckNodePort: 30_001 })], [30_000]);
});
