/** The thread that reads and writes YAML, one piece at a time. */
import { parentPort } from 'node:worker_threads';
import { readYaml, writeYaml } from './convert.ts';
import type { YamlRequest } from './protocol.ts';

const port = parentPort!;

port.on('message', ({ work, bytes }: YamlRequest) => {
  port.postMessage(work === 'read' ? readYaml(bytes) : writeYaml(bytes));
});
