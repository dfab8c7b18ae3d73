/**
 * The API server over HTTP/2 and TLS, from a client in a process of its own; each number beside its floor, measured in
 * between. `npm run bench -- api`. Requests are measured on the API server alone, without control loops in its process;
 * start and empty memory on the whole server as it is started by hand. On loopback only, in temporary directories, in about
 * two minutes. As root, where there is a block I/O controller, creates are also measured on a limited disk.
 */
import { benchCreate, configMapCreates, podCreates, setStatuses } from './api/create.ts';
import { benchFanOut } from './api/fan-out.ts';
import { benchGet } from './api/get.ts';
import { benchLimitedCreate } from './api/limited-create.ts';
import { benchList } from './api/list.ts';
import { benchEmpty, benchLoaded, benchWritten } from './api/memory.ts';
import { Workshop } from './api/processes.ts';
import { benchStart } from './api/start.ts';
import type { Bench, Measurement } from './bench.ts';

const podCount = 10_000;
const configMapCount = 5_000;

async function measure(workshop: Workshop): Promise<Measurement[]> {
  const dataDirectory = 'full';
  const client = await workshop.startClient();
  const start = await benchStart(workshop, client);
  const empty = await benchEmpty(workshop);
  const server = await workshop.startServer(dataDirectory, { bare: true });
  const floor = await workshop.startFloor(dataDirectory);
  const { directory } = workshop;
  const at = { server, floor, client, directory, bare: await workshop.startBare('bare') };
  const create = await benchCreate(at, podCreates, podCount);
  await setStatuses(at, podCount);
  const written = await benchWritten(server, podCount);
  const get = await benchGet(at);
  const list = await benchList(at, podCount);
  const createSmall = await benchCreate(at, configMapCreates, configMapCount);
  const fanOut = await benchFanOut(at);
  await server.stop();
  const createLimited = await benchLimitedCreate(workshop, client);
  const loaded = await benchLoaded(workshop, { dataDirectory, podCount, bare: true });
  const whole = await benchLoaded(workshop, { dataDirectory, podCount, bare: false });
  return [
    ...get,
    ...list,
    ...create,
    ...createSmall,
    ...createLimited,
    ...fanOut,
    ...start,
    empty,
    written,
    loaded,
    whole,
  ];
}

export const bench: Bench = {
  async run() {
    const workshop = new Workshop();
    try {
      return await measure(workshop);
    } finally {
      await workshop.close();
    }
  },
};
