/** The control loops, as clients of the API server in its own process: controllers, scheduler, simulated nodes. */
import type { Handler } from '../../apiserver/request.ts';
import type { Controller } from '../../client/controller.ts';
import { inProcessTransport } from '../../client/in-process.ts';
import { RequestMeter } from '../../client/request-meter.ts';
import { Client } from '../../client/typed-client.ts';
import type { ClusterRange } from '../../controllers/cluster-ranges.ts';
import type { CertificateSigner } from '../../controllers/csr-signing.ts';
import { nodeLifecycleName } from '../../controllers/node-lifecycle.ts';
import { allControllers } from '../../controllers/registry.ts';
import { controllerManagerUser, startControllers } from '../../controllers/start.ts';
import type { Logger } from '../../lib/log.ts';
import type { MetricsRegistry } from '../../lib/metrics.ts';
import { systemClock, systemRandom } from '../../lib/system.ts';
import { ensureDefaultPool } from '../../loadbalancer/default-pool.ts';
import { loadBalancer, loadBalancerName } from '../../loadbalancer/load-balancer.ts';
import { startScheduler } from '../../scheduler/scheduler.ts';
import { hostBaseOf, type LoopbackRanges, loopbackPool, usualLoopbackRanges } from './loopback-ranges.ts';
import { checkSelection, isSelected, type LoopSelection } from './selection.ts';

export interface ControlLoopsOptions {
  /** PEM of the authority that signed the server's certificate. */
  readonly rootAuthority: string;
  /** Signs certificates in the cluster's name. */
  readonly signer?: CertificateSigner;
  /** Under which the server is known: a node's certificate for one of them waits for an administrator. */
  readonly serverNames?: readonly string[];
  readonly selection: LoopSelection;
  readonly serviceCIDRs?: readonly string[];
  /** How long a node may be silent; upstream's unless given. */
  readonly nodeGraceMilliseconds?: number;
  /** Unless given nodes bring their shares of the pods' addresses. */
  readonly clusterRanges?: readonly ClusterRange[];
  /** Nodes that exist in this process alone; 0: none. */
  readonly simulatedNodes: number;
  /** They tell in Events what happens to their pods: true unless given. */
  readonly simulatedNodeEvents?: boolean;
  /** The range of ClusterIPs of a cluster that lives in 127.0.0.0/8; undefined for any other. */
  readonly loopbackServiceCIDR?: string | undefined;
  /** Where such a cluster's other things are. */
  readonly loopbackRanges?: LoopbackRanges | undefined;
  /** Addresses for load balancers while nobody has said otherwise. */
  readonly loadBalancerPool?: readonly string[] | undefined;
  readonly log: Logger;
  /** Where the loops count what they do; unless given nowhere. */
  readonly metrics?: MetricsRegistry;
}

/** Whom the simulated nodes speak as. */
const simulatedNodesUser = {
  name: 'system:nodes:simulated',
  groups: ['system:masters', 'system:authenticated'],
};

const schedulerName = 'scheduler';

/** What metrics call the server that in-process clients talk to. */
const inProcessHost = 'in-process';

/** Whom the scheduler speaks as. */
const schedulerUser = { name: 'system:kube-scheduler', groups: ['system:masters', 'system:authenticated'] };

/** Throws UserError UNKNOWN_CONTROLLER. */
export function checkControllers(selection: LoopSelection): void {
  const names = allControllers({
    rootAuthority: '',
    signer: () => '',
    serviceCIDRs: [],
    clusterRanges: [],
  }).map(({ name }) => name);
  checkSelection(selection, [...names, loadBalancerName, schedulerName]);
}

function selectedControllers(options: ControlLoopsOptions): Controller[] {
  const { rootAuthority, selection, loopbackServiceCIDR } = options;
  const controllers = allControllers({
    rootAuthority,
    signer: options.signer,
    ...(options.serverNames !== undefined && { serverNames: options.serverNames }),
    nodeGraceMilliseconds: options.nodeGraceMilliseconds,
    // A loopback cluster has a DNS server and ranges of its own.
    ...(loopbackServiceCIDR === undefined && {
      serviceCIDRs: options.serviceCIDRs,
      clusterRanges: options.clusterRanges,
    }),
  });
  return [...controllers, loadBalancer()].filter(({ name }) => isSelected(selection, name));
}

/** Returns what ends them; it resolves when nothing is under way any more. */
export async function runControlLoops(
  handler: Handler,
  options: ControlLoopsOptions,
): Promise<() => Promise<void>> {
  const { selection, simulatedNodes, loopbackServiceCIDR, log, metrics: registry } = options;
  const loopback = loopbackServiceCIDR === undefined ? undefined : await import('./loopback.ts');
  const ranges = options.loopbackRanges ?? usualLoopbackRanges;
  const stopping = new AbortController();
  const shared = { clock: systemClock, random: systemRandom, log, signal: stopping.signal };
  const transport = inProcessTransport(handler, { user: controllerManagerUser });
  const { client, informers, recorder, stopped } = startControllers({
    ...shared,
    controllers: selectedControllers(options),
    transport,
    metrics: registry && { registry, host: inProcessHost },
  });
  if (isSelected(selection, schedulerName)) {
    const scheduling = inProcessTransport(handler, { user: schedulerUser });
    const schedulerClient = new Client({
      transport: scheduling,
      clock: systemClock,
      userAgent: 'kube-scheduler/wherry',
      meter: registry && new RequestMeter(registry, inProcessHost),
    });
    startScheduler({ ...shared, client: schedulerClient, informers, recorder, metrics: registry });
  }
  const ends: Promise<void>[] = [stopped];
  const pool = options.loadBalancerPool ?? (loopback && [loopbackPool(ranges)]);
  if (pool !== undefined) ends.push(ensureDefaultPool({ ...shared, client, addresses: pool }));
  if (simulatedNodes > 0) {
    const { startSimulatedNodes } = await import('../../testing/simulated-nodes.ts');
    const nodes = startSimulatedNodes({
      ...shared,
      count: simulatedNodes,
      ...(loopback && { podCIDR: ranges.pods, hostBase: hostBaseOf(ranges) }),
      events: options.simulatedNodeEvents ?? true,
      transport: inProcessTransport(handler, { user: simulatedNodesUser }),
      removeNotReadyTaint: !isSelected(selection, nodeLifecycleName),
      metrics: registry && { registry, host: inProcessHost },
    });
    ends.push(nodes.stopped);
  }
  if (loopback !== undefined && loopbackServiceCIDR !== undefined) {
    const parts = {
      client,
      informers,
      recorder,
      serviceCIDR: loopbackServiceCIDR,
      ranges,
      metrics: registry,
    };
    const { stopped: loopbackStopped } = await loopback.startLoopback({
      ...parts,
      log,
      signal: stopping.signal,
    });
    ends.push(loopbackStopped);
  }
  return async () => {
    stopping.abort();
    await Promise.all(ends);
  };
}
