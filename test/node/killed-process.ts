/** A test's process that is to be killed: has a node with a container, says so, and waits for its end. */
import { startTestNode } from './test-node.ts';

const node = await startTestNode();
const sandbox = node.sandboxConfig('left');
await node.runtime.sandboxes.run(sandbox);
process.stdout.write(`${JSON.stringify({ traces: node.traces, namespace: node.namespace })}\n`);
setInterval(() => {}, 60_000);
