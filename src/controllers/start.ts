/** The controller manager: all controllers over one set of informers. */
import type { Controller } from '../client/controller.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import { Informers } from '../client/informers.ts';
import { RequestMeter } from '../client/request-meter.ts';
import { type RunningController, runController } from '../client/runner.ts';
import type { Transport } from '../client/transport.ts';
import { Client } from '../client/typed-client.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { MetricsRegistry } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import { endpointSlice } from './endpoint-slice.ts';
import { meterEndpointSlices } from './endpoint-slice-meter.ts';
import { queueNameOf } from './queue-names.ts';
import { allControllers, type ControllerSettings } from './registry.ts';

/** Whom the controllers speak as. */
export const controllerManagerUser = {
  name: 'system:kube-controller-manager',
  groups: ['system:masters', 'system:authenticated'],
};

export interface StartControllersOptions extends ControllerSettings {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Ends everything. */
  readonly signal: AbortSignal;
  /** Unless given: all. */
  readonly controllers?: readonly Controller[];
  /** See InformerOptions. */
  readonly freeze?: boolean;
  /** Where everything is counted, and whom requests go to as metrics call it; unless given nothing is counted. */
  readonly metrics?: { readonly registry: MetricsRegistry; readonly host: string };
}

export interface RunningControllers {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: EventRecorder;
  readonly controllers: readonly RunningController[];
  /** When what was under way at the abort has ended: then the API server may close. */
  readonly stopped: Promise<void>;
}

/** Returns at once; the controllers begin when the API server answers them. */
export function startControllers(options: StartControllersOptions): RunningControllers {
  const { transport, clock, random, log, signal, freeze } = options;
  const registry = options.metrics?.registry;
  const meter = options.metrics && new RequestMeter(options.metrics.registry, options.metrics.host);
  const client = new Client({ transport, clock, userAgent: 'kube-controller-manager/wherry', meter });
  const informers = new Informers({ client, clock, random, log, freeze });
  const recorder = new EventRecorder({ client, clock, random, log, signal });
  const controllers = (options.controllers ?? allControllers(options)).map((controller) => {
    const component = controller.eventSource ?? `${controller.name}-controller`;
    const isSlices = controller.name === endpointSlice.name && registry !== undefined;
    return runController(controller, {
      metrics: registry,
      queueName: queueNameOf(controller.name),
      observe: isSlices ? meterEndpointSlices(registry, informers) : undefined,
      client,
      informers,
      record: recorder.from({ component }),
      clock,
      random,
      log,
      signal,
    });
  });
  informers.start(signal);
  const stopped = Promise.all(controllers.map((each) => each.stopped)).then(() => {});
  return { client, informers, recorder, controllers, stopped };
}
