/**
 * Starts the control plane on a memory store in a fresh process and says how long that took. Run by `Workshop.ask`.
 * The first argument is the folder of the compile cache.
 */
import { enableCompileCache, flushCompileCache } from 'node:module';
import type { InProcessStart } from './wire.ts';

enableCompileCache(process.argv[2]);

const importStart = performance.now();
const [{ startControlPlane }, { createMemoryStore }, { systemClock, systemRandom }, { apiServerUser }] =
  await Promise.all([
    import('../../src/apiserver/control-plane.ts'),
    import('../../src/store/memory.ts'),
    import('../../src/lib/system.ts'),
    import('../../src/apiserver/boot.ts'),
  ]);
const start = performance.now();
const server = await startControlPlane({
  store: createMemoryStore(),
  clock: systemClock,
  random: systemRandom,
  serviceCIDRs: ['10.96.0.0/16'],
  nodePortRange: '30000-32767',
  advertise: undefined,
  platform: 'linux/amd64',
  runtime: process.version,
});
const { status } = await server.handle({
  method: 'GET',
  url: '/api/v1/namespaces/default',
  headers: {},
  body: new Uint8Array(),
  user: apiServerUser,
  signal: new AbortController().signal,
});
const end = performance.now();
if (status !== 200) throw new Error(`the first answer was ${status}`);
await server.close();
// The next run is to find what this one has compiled: its parent ends it by a signal.
flushCompileCache();
process.send?.({
  importMilliseconds: start - importStart,
  startMilliseconds: end - start,
} satisfies InProcessStart);
