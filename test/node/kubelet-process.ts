/**
 * A kubelet's server in a node's network namespace, where the runtime's streaming server is. Arguments: a folder with
 * `setup.json`, in which it makes `kubelet.sock`, a way to its port from outside; and the runtime's socket. Pods are read
 * anew from `pods.json` whenever they are asked for. Ends with its standard input.
 */
import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { connectRuntime } from '../../src/cri/client.ts';
import type { Pod } from '../../src/kinds/generated/types.ts';
import { KnownPods } from '../../src/kubelet/known-pods.ts';
import { type ServingPair, startKubeletServer } from '../../src/kubelet/server/kubelet-server.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { systemClock } from '../../src/lib/system.ts';
import { join } from './relay.ts';

const [folder = '', socket = ''] = process.argv.slice(2);
const read = (name: string): unknown => JSON.parse(readFileSync(path.join(folder, name), 'utf8'));

const pods = new KnownPods();
pods.follow(() => read('pods.json') as Pod[]);
const server = await startKubeletServer({
  ...{ address: '127.0.0.1', port: 0, nodeName: 'node-1', pods, clock: systemClock, log: silentLogger },
  runtime: connectRuntime({ socket, clock: systemClock }),
  tls: read('setup.json') as ServingPair & { clientAuthority: string },
});
net
  .createServer({ allowHalfOpen: true }, (incoming) => join(incoming, net.connect(server.port, '127.0.0.1')))
  .listen(path.join(folder, 'kubelet.sock'), () => process.stdout.write('listening\n'));
process.stdin.on('end', () => process.exit(0)).resume();
