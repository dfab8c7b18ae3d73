/** The control plane's own loops as components of a simulation. */
import { EventRecorder } from '../client/event-recorder.ts';
import { Informers } from '../client/informers.ts';
import { RequestMeter } from '../client/request-meter.ts';
import { Client } from '../client/typed-client.ts';
import type { ControllerSettings } from '../controllers/registry.ts';
import { controllerManagerUser, startControllers } from '../controllers/start.ts';
import { startScheduler } from '../scheduler/scheduler.ts';
import type { Component } from './simulation.ts';

/** All controllers. With them, nodes leave their taint to the node lifecycle controller. */
export const controllerManager = (settings: ControllerSettings = {}): Component => ({
  name: 'controllers',
  user: controllerManagerUser,
  start: (context) => startControllers({ ...settings, ...context, freeze: true }),
});

export const scheduler = (): Component => ({
  name: 'scheduler',
  user: { name: 'system:kube-scheduler', groups: ['system:masters', 'system:authenticated'] },
  start({ transport, clock, random, log, signal, metrics: { registry: metrics, host } }) {
    const meter = new RequestMeter(metrics, host);
    const client = new Client({ transport, clock, userAgent: 'kube-scheduler', meter });
    const informers = new Informers({ client, clock, random, log, freeze: true });
    const recorder = new EventRecorder({ client, clock, random, log, signal });
    startScheduler({ client, informers, recorder, clock, random, log, signal, metrics });
    informers.start(signal);
    // It waits for nothing after the signal, and the simulation settles before it closes the transport.
    return { stopped: Promise.resolve() };
  },
});
