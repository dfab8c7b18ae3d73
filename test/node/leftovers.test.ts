/** What a test leaves that is killed with all it has under way. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { findTraces, type NodeTraces } from '../../src/cluster/node/clean.ts';
import { findContainerd } from '../../src/cluster/node/containerd.ts';
import { namespacePath } from '../../src/cluster/node/network-namespace.ts';
import { sweepLeftovers } from './leftovers.ts';
import { noNodeBecause } from './test-node.ts';

test('a node of a test that was killed is removed by the next one', { skip: noNodeBecause() }, async (t) => {
  const script = path.join(import.meta.dirname, 'killed-process.ts');
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await gone;
    await sweepLeftovers();
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { traces, namespace } = JSON.parse(line) as { traces: NodeTraces; namespace: string };
  // Whoever lives is left alone.
  await sweepLeftovers();
  assert.notEqual(await findContainerd(traces.folder), undefined);
  child.kill('SIGKILL');
  await gone;
  assert.notDeepEqual(await findTraces(traces), []);

  await Promise.all([sweepLeftovers(), sweepLeftovers()]);
  assert.deepEqual(await findTraces(traces), []);
  assert.equal(await findContainerd(traces.folder), undefined);
  assert.deepEqual([existsSync(traces.folder), existsSync(namespacePath(namespace))], [false, false]);
});
