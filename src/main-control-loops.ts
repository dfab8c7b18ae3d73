/** The control loops, as clients of the API server in its own process: controllers, scheduler, simulated nodes. */
import type { Handler } from './apiserver/request.ts';
import { inProcessTransport } from './client/in-process.ts';
import { Client } from './client/typed-client.ts';
import { nodeLifecycle } from './controllers/node-lifecycle.ts';
import { allControllers } from './controllers/registry.ts';
import { controllerManagerUser, startControllers } from './controllers/start.ts';
import type { Logger } from './lib/log.ts';
import { systemClock, systemRandom } from './lib/system.ts';
import { checkSelection, isSelected, type LoopSelection } from './main-selection.ts';
import { startScheduler } from './scheduler/scheduler.ts';

export interface ControlLoopsOptions {
  /** PEM of the authority that signed the server's certificate. */
  readonly rootAuthority: string;
  readonly selection: LoopSelection;
  /** Nodes that exist in this process alone; 0: none. */
  readonly simulatedNodes: number;
  readonly log: Logger;
}

/** Whom the simulated nodes speak as. */
const simulatedNodesUser = {
  name: 'system:nodes:simulated',
  groups: ['system:masters', 'system:authenticated'],
};

const schedulerName = 'scheduler';

/** Whom the scheduler speaks as. */
const schedulerUser = { name: 'system:kube-scheduler', groups: ['system:masters', 'system:authenticated'] };

/** Throws UserError UNKNOWN_CONTROLLER. */
export function checkControllers(selection: LoopSelection): void {
  const names = allControllers({ rootAuthority: '' }).map(({ name }) => name);
  checkSelection(selection, [...names, schedulerName]);
}

/** Returns what ends them; it resolves when nothing is under way any more. */
export async function runControlLoops(
  handler: Handler,
  options: ControlLoopsOptions,
): Promise<() => Promise<void>> {
  const { rootAuthority, selection, simulatedNodes, log } = options;
  const stopping = new AbortController();
  const shared = { clock: systemClock, random: systemRandom, log, signal: stopping.signal };
  const transport = inProcessTransport(handler, { user: controllerManagerUser });
  const controllers = allControllers({ rootAuthority }).filter(({ name }) => isSelected(selection, name));
  const { informers, recorder, stopped } = startControllers({ ...shared, controllers, transport });
  if (isSelected(selection, schedulerName)) {
    const scheduling = inProcessTransport(handler, { user: schedulerUser });
    const client = new Client({
      transport: scheduling,
      clock: systemClock,
      userAgent: 'kube-scheduler/wherry',
    });
    startScheduler({ ...shared, client, informers, recorder });
  }
  const ends: Promise<void>[] = [stopped];
  if (simulatedNodes > 0) {
    const { startSimulatedNodes } = await import('./testing/simulated-nodes.ts');
    const nodes = startSimulatedNodes({
      ...shared,
      count: simulatedNodes,
      transport: inProcessTransport(handler, { user: simulatedNodesUser }),
      removeNotReadyTaint: !isSelected(selection, nodeLifecycle.name),
    });
    ends.push(nodes.stopped);
  }
  return async () => {
    stopping.abort();
    await Promise.all(ends);
  };
}
