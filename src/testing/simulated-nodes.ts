/**
 * Nodes without machines: they register, keep their leases, take the pods that are bound to them and walk them through
 * their lives as kubelet would. One informer serves all of them. See docs/simulation.md.
 */
import { type Change, type EventText, remove, requeueAfter, updateStatus } from '../client/change.ts';
import { defineController, observe, self } from '../client/controller.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import { Informers } from '../client/informers.ts';
import { keyOf } from '../client/object-key.ts';
import { RequestMeter } from '../client/request-meter.ts';
import { type RunningController, runController } from '../client/runner.ts';
import type { Transport } from '../client/transport.ts';
import { Client } from '../client/typed-client.ts';
import type { View } from '../client/view.ts';
import type { Pod } from '../kinds/generated/types.ts';
import type { Clock } from '../lib/clock.ts';
import { UserError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { MetricsRegistry } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import { LeasePump } from './lease-pump.ts';
import { addressRetryMilliseconds, nodesAtOnce, podsAtOnce } from './limits.ts';
import { defaultShape, type NodeShape, planNodes } from './node-objects.ts';
import { type NodeRun, planNode } from './node-plan.ts';
import { PodAddresses } from './pod-addresses.ts';
import { isTerminalPhase, lostRuntime, newRuntime, type PodRuntime, recoverRuntime } from './pod-runtime.ts';
import { stepPod } from './step-pod.ts';

export interface SimulatedNodesOptions {
  /** node-1 to node-COUNT. */
  readonly count: number;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** A /24 of it for each node; unless given 10.244.0.0/16 for up to 256 nodes, 10.128.0.0/9 for more. */
  readonly podCIDR?: string;
  /** The nodes' own addresses follow this one, as a number; unless given 172.31.0.0. */
  readonly hostBase?: bigint;
  readonly shape?: Partial<NodeShape>;
  /** Take the taint off with which every node is born: true unless a node lifecycle controller does that. */
  readonly removeNotReadyTaint?: boolean;
  /** Tell what happens in Events, as kubelet does: true unless given. Thousands of nodes may be quieter. */
  readonly events?: boolean;
  /** Where everything is counted, and whom requests go to as metrics call it; unless given nothing is counted. */
  readonly metrics?: { readonly registry: MetricsRegistry; readonly host: string };
}

export interface SimulatedNodes {
  readonly names: readonly string[];
  /** When every node has registered and is ready to take pods. */
  readonly ready: Promise<void>;
  /** The node falls silent: no lease, no status, nothing done to its pods. Throws UserError when there is no such node. */
  down(name: string): void;
  /**
   * It speaks again, and registers anew when its Node was deleted. `rebooted`: its containers have not survived;
   * otherwise they have run on, and only the network was gone.
   */
  up(name: string, options?: { rebooted?: boolean }): void;
  isUp(name: string): boolean;
  /** For metrics and tests. */
  readonly controllers: readonly RunningController[];
  /** After the signal has aborted and what was under way has ended. */
  readonly stopped: Promise<void>;
}

/** Throws UserError when the nodes do not fit into the range. */
export function startSimulatedNodes(options: SimulatedNodesOptions): SimulatedNodes {
  return new Nodes(options);
}

class Nodes implements SimulatedNodes {
  readonly names: readonly string[];
  readonly ready: Promise<void>;
  readonly controllers: readonly RunningController[];
  readonly stopped: Promise<void>;
  readonly #options: SimulatedNodesOptions;
  readonly #nodes = new Map<string, NodeRun>();
  readonly #addresses = new Map<string, PodAddresses>();
  /** By uid. */
  readonly #runtimes = new Map<string, PodRuntime>();
  readonly #informers: Informers;
  readonly #leases: LeasePump;
  readonly #pods: RunningController;
  readonly #registrar: RunningController;
  readonly #recorder: EventRecorder | undefined;
  #unready: number;
  #onReady: () => void = () => {};

  constructor(options: SimulatedNodesOptions) {
    const { count, podCIDR, hostBase, transport, clock, random, log, signal } = options;
    this.#options = options;
    for (const [index, identity] of planNodes(count, podCIDR, hostBase).entries()) {
      const { name } = identity;
      const known = { uid: undefined, mustRegister: true, reportedAt: undefined, unschedulable: false };
      this.#nodes.set(name, { identity, phase: index / count, isUp: true, ...known });
      this.#addresses.set(name, new PodAddresses(identity.podCIDR));
    }
    this.names = [...this.#nodes.keys()];
    this.#unready = count;
    this.ready = new Promise((resolve) => {
      this.#onReady = resolve;
    });
    if (count === 0) this.#onReady();
    const metrics = options.metrics?.registry;
    const meter = options.metrics && new RequestMeter(options.metrics.registry, options.metrics.host);
    const client = new Client({ transport, clock, userAgent: 'kubelet/v1.36.0', meter });
    this.#informers = new Informers({ client, clock, random, log });
    this.#leases = new LeasePump({
      names: this.names,
      client,
      clock,
      log,
      signal,
      uidOf: (name) => (this.isUp(name) ? this.#nodes.get(name)?.uid : undefined),
    });
    this.#recorder =
      options.events === false ? undefined : new EventRecorder({ client, clock, random, log, signal });
    const record = () => {};
    const context = { client, informers: this.#informers, record, clock, random, log, signal, metrics };
    this.#informers.of('Pod').addIndex('simulatedNode', nodeOfPod);
    this.#informers.of('Pod').handle({ delete: (pod) => this.#forget(pod) });
    this.#informers.of('Pod').onSynced(() => this.#reserveAddresses());
    this.#pods = runController(this.#podController(), context);
    this.#registrar = runController(this.#nodeController(), context);
    this.controllers = [this.#pods, this.#registrar];
    this.#informers.of('Node').onSynced(() => {
      for (const name of this.names) this.#registrar.queue.add(name);
    });
    this.#informers.start(signal);
    this.stopped = Promise.all(this.controllers.map(({ stopped }) => stopped)).then(() => {});
  }

  isUp(name: string): boolean {
    return this.#nodes.get(name)?.isUp ?? false;
  }

  down(name: string): void {
    this.#node(name).isUp = false;
  }

  up(name: string, { rebooted = false }: { rebooted?: boolean } = {}): void {
    const node = this.#node(name);
    node.isUp = true;
    node.mustRegister = true;
    node.reportedAt = undefined;
    const now = this.#options.clock.now();
    for (const pod of this.#informers.of('Pod').byIndex('simulatedNode', name)) {
      const runtime = this.#runtimes.get(pod.metadata.uid ?? '');
      if (rebooted && runtime !== undefined) this.#runtimes.set(runtime.uid, lostRuntime(runtime, now));
      this.#pods.queue.add(keyOf(pod));
    }
    this.#registrar.queue.add(name);
    this.#leases.renew(name);
  }

  #node(name: string): NodeRun {
    const node = this.#nodes.get(name);
    if (node === undefined)
      throw new UserError(
        'NO_SUCH_NODE',
        `there is no simulated node ${name}, only ${this.names.length} from node-1 on`,
      );
    return node;
  }

  #podController() {
    return defineController({
      name: 'simulated-node-pods',
      watches: { Pod: (pod) => (this.#nodes.has(pod.spec?.nodeName ?? '') ? [keyOf(pod)] : []) },
      concurrency: podsAtOnce,
      reconcile: (key, view) => this.#reconcilePod(key, view),
    });
  }

  #nodeController() {
    return defineController({
      name: 'simulated-nodes',
      watches: { Node: (node) => (this.#nodes.has(node.metadata.name ?? '') ? self(node) : observe()) },
      concurrency: nodesAtOnce,
      reconcile: (name, view) => this.#reconcileNode(name, view),
    });
  }

  #reconcilePod(key: string, view: View): Change[] {
    const pod = view.get('Pod', key);
    const node = this.#nodes.get(pod?.spec?.nodeName ?? '');
    if (pod === undefined || node === undefined || !node.isUp) return [];
    const uid = pod.metadata.uid ?? '';
    if (isTerminalPhase(pod.status?.phase)) this.#addresses.get(node.identity.name)?.free(uid);
    const runtime = this.#runtimes.get(uid) ?? this.#admit(pod, node);
    if (runtime === undefined) return [requeueAfter(addressRetryMilliseconds)];
    const now = this.#options.clock.now();
    const step = stepPod(pod, { node: node.identity, runtime }, now);
    this.#runtimes.set(uid, step.runtime);
    this.#tell(node.identity.name, step.events);
    const changes: Change[] = [];
    if (step.status !== undefined) changes.push(updateStatus('Pod', { ...pod, status: step.status }));
    if (step.delete) changes.push(remove('Pod', pod, { gracePeriodSeconds: 0 }));
    // One millisecond more than nothing: what is due now was done now.
    if (step.wakeAt !== undefined) changes.push(requeueAfter(Math.max(1, step.wakeAt - now)));
    return changes;
  }

  /** Told when it has happened, even when the status that says so must be written again. */
  #tell(host: string, events: readonly EventText[] | undefined): void {
    for (const event of events ?? []) this.#recorder?.record({ component: 'kubelet', host }, event);
  }

  /** The first look at a pod: it gets its address. Undefined while the node has none left. */
  #admit(pod: Pod, { identity }: NodeRun): PodRuntime | undefined {
    const now = this.#options.clock.now();
    const uid = pod.metadata.uid ?? '';
    const needsAddress =
      pod.spec?.hostNetwork !== true &&
      !isTerminalPhase(pod.status?.phase) &&
      pod.metadata.deletionTimestamp === undefined;
    const ip = needsAddress ? this.#addresses.get(identity.name)?.take(uid) : pod.status?.podIP;
    if (needsAddress && ip === undefined) return undefined;
    return pod.status?.startTime === undefined ? newRuntime(pod, ip, now) : recoverRuntime(pod, ip, now);
  }

  #reconcileNode(name: string, view: View): Change[] {
    const node = this.#nodes.get(name);
    if (node === undefined || !node.isUp) return [];
    const object = view.get('Node', name);
    const plan = planNode(object, node, {
      now: view.now(),
      shape: { ...defaultShape, ...this.#options.shape },
      removeNotReadyTaint: this.#options.removeNotReadyTaint ?? true,
    });
    const wasKnown = node.uid;
    Object.assign(node, plan.run);
    this.#tell(name, plan.events);
    if (node.uid !== undefined && node.uid !== wasKnown) {
      this.#leases.renew(name);
      if (this.#unready > 0 && --this.#unready === 0) this.#onReady();
    }
    return plan.changes;
  }

  #forget(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    this.#runtimes.delete(uid);
    this.#addresses.get(pod.spec?.nodeName ?? '')?.free(uid);
  }

  /** Before any new pod gets an address, those that pods have from before are taken. */
  #reserveAddresses(): void {
    for (const pod of this.#informers.of('Pod').list()) {
      const { podIP, phase } = pod.status ?? {};
      if (podIP === undefined || pod.spec?.hostNetwork === true || isTerminalPhase(phase)) continue;
      this.#addresses.get(pod.spec?.nodeName ?? '')?.reserve(pod.metadata.uid ?? '', podIP);
    }
  }
}

const nodeOfPod = (pod: Pod): string[] => [pod.spec?.nodeName ?? ''];
