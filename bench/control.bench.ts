/**
 * The control loops in the server's own process: what they get done on 5,000 simulated nodes and 20,000 pods, and what
 * they cost when there is nothing to do. `npm run bench -- control`. On loopback only, in temporary directories, in
 * about five minutes.
 */
import { Workshop } from './api/processes.ts';
import type { Bench } from './bench.ts';
import { benchSmallIdle } from './control/idle.ts';
import { benchSchedule } from './control/schedule.ts';
import { benchWorkloads } from './control/workloads.ts';

export const bench: Bench = {
  async run() {
    const workshop = new Workshop();
    try {
      const scheduled = await benchSchedule(workshop);
      const workloads = await benchWorkloads(workshop);
      return [scheduled, ...workloads, ...(await benchSmallIdle(workshop))];
    } finally {
      await workshop.close();
    }
  },
};
