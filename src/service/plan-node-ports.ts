/**
 * Node ports of a Service: those asked for are checked, those left out are given out.
 * Source: pkg/registry/core/service/storage/alloc.go (initNodePorts, updateNodePorts, allocHealthCheckNodePort).
 */
import { invalid, path } from '../kinds/field.ts';
import type { ServicePort, ServiceSpec } from '../kinds/generated/types.ts';
import { needsHealthCheck, needsNodePort, portsOf } from '../kinds/service-rules/service-type.ts';
import type { Random } from '../lib/random.ts';
import { type Failure, internal, refused } from './plan-failure.ts';
import { formatPortRange, nextPort, type PortRange, portInRange } from './port-allocator.ts';

export interface NodePortOptions {
  readonly range: PortRange;
  /** Some Service has it. */
  readonly isTaken: (port: number) => boolean;
  /** Nobody has it, but somebody is about to: given out only when there is nothing else. */
  readonly isPending?: (port: number) => boolean;
  readonly random: Random;
}

/** The numbers that the ports of a Service have, the health check aside. */
export function nodePortsOf(spec: ServiceSpec): Set<number> {
  return new Set(portsOf(spec).flatMap(({ nodePort }) => ((nodePort ?? 0) > 0 ? [nodePort as number] : [])));
}

/** One write's allocations. */
class PortPlan {
  readonly #options: NodePortOptions;
  readonly #planned: Set<number>;

  /** What the Service holds already is taken, even where the view of all Services lags behind it. */
  constructor(old: ServiceSpec | undefined, options: NodePortOptions) {
    this.#options = options;
    this.#planned = old === undefined ? new Set() : nodePortsOf(old);
    const healthCheck = old?.healthCheckNodePort ?? 0;
    if (healthCheck > 0) this.#planned.add(healthCheck);
  }

  /** What is wrong with taking this port; undefined, and it is taken, when nothing is. */
  take(port: number): string | undefined {
    const { range, isTaken } = this.#options;
    if (!portInRange(range, port))
      return `provided port is not in the valid range. The range of valid ports is ${formatPortRange(range)}`;
    if (this.#planned.has(port) || isTaken(port)) return 'provided port is already allocated';
    this.#planned.add(port);
    return undefined;
  }

  takeNext(): number | undefined {
    const { range, isTaken, isPending = () => false, random } = this.#options;
    const isOccupied = (port: number) => this.#planned.has(port) || isTaken(port);
    const port =
      nextPort(range, { random, isTaken: (each) => isOccupied(each) || isPending(each) }) ??
      nextPort(range, { random, isTaken: isOccupied });
    if (port !== undefined) this.#planned.add(port);
    return port;
  }
}

const portFailure = (index: number, port: number, why: string): Failure =>
  refused([invalid(path('spec', 'ports').index(index).child('nodePort'), port, why)]);

const noneLeft = (): Failure => internal('failed to allocate a nodePort: range is full');

const allocates = (spec: ServiceSpec): boolean =>
  spec.type === 'NodePort' || spec.allocateLoadBalancerNodePorts !== false;

/** On create, ports of one number (TCP and UDP 53) share one node port, unless they ask for several. */
function planNewPorts(ports: readonly ServicePort[], spec: ServiceSpec, plan: PortPlan): Failure | undefined {
  const shared = new Map<number, number>();
  /** What the first port of a number that asks for one asks for. */
  const wanted = new Map<number, number>();
  for (const { port, nodePort } of ports)
    if (nodePort !== undefined && !wanted.has(port)) wanted.set(port, nodePort);
  for (const [index, port] of ports.entries()) {
    if (port.nodePort === undefined && !allocates(spec)) continue;
    const known = shared.get(port.port);
    if (known !== undefined && (port.nodePort ?? known) === known) {
      port.nodePort = known;
      continue;
    }
    const asked = known === undefined ? wanted.get(port.port) : port.nodePort;
    if (asked !== undefined) {
      const why = plan.take(asked);
      if (why !== undefined) return portFailure(index, asked, why);
      port.nodePort = asked;
    } else {
      const next = plan.takeNext();
      if (next === undefined) return noneLeft();
      port.nodePort = next;
    }
    if (known === undefined) shared.set(port.port, port.nodePort);
  }
  return undefined;
}

/** On update, what the Service has already is its own, and each new port gets a number of its own. */
function planChangedPorts(spec: ServiceSpec, old: ServiceSpec, plan: PortPlan): Failure | undefined {
  const held = nodePortsOf(old);
  for (const [index, port] of portsOf(spec).entries()) {
    if (port.nodePort !== undefined) {
      if (held.has(port.nodePort)) continue;
      const why = plan.take(port.nodePort);
      if (why !== undefined) return portFailure(index, port.nodePort, why);
      held.add(port.nodePort);
    } else if (allocates(spec)) {
      const next = plan.takeNext();
      if (next === undefined) return noneLeft();
      port.nodePort = next;
      held.add(next);
    }
  }
  return undefined;
}

function planHealthCheck(
  spec: ServiceSpec,
  old: ServiceSpec | undefined,
  plan: PortPlan,
): Failure | undefined {
  if (!needsHealthCheck(spec) || (old !== undefined && needsHealthCheck(old))) return undefined;
  const asked = spec.healthCheckNodePort ?? 0;
  if (asked !== 0) {
    const why = plan.take(asked);
    return why === undefined
      ? undefined
      : internal(`failed to allocate requested HealthCheck NodePort ${asked}: ${why}`);
  }
  const next = plan.takeNext();
  if (next === undefined) return internal('failed to allocate a HealthCheck NodePort 0: range is full');
  spec.healthCheckNodePort = next;
  return undefined;
}

/** Fills nodePort and healthCheckNodePort of `spec` in place. */
export function planNodePorts(
  spec: ServiceSpec,
  old: ServiceSpec | undefined,
  options: NodePortOptions,
): Failure | undefined {
  const plan = new PortPlan(old, options);
  const failure = !needsNodePort(spec)
    ? undefined
    : old === undefined
      ? planNewPorts(portsOf(spec), spec, plan)
      : planChangedPorts(spec, old, plan);
  return failure ?? planHealthCheck(spec, old, plan);
}
