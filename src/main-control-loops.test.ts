import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestServer } from './apiserver/test-server.ts';
import { silentLogger } from './lib/log.ts';
import { checkControllers, runControlLoops } from './main-control-loops.ts';
import { parseSelection } from './main-selection.ts';

const turnsMax = 20_000;

test('the chosen loops work, and all of them end', async () => {
  const server = await startTestServer();
  const stop = await runControlLoops(server.server.handle, {
    rootAuthority: 'PEM',
    selection: parseSelection('serviceaccount'),
    simulatedNodes: 1,
    log: silentLogger,
  });
  const isThere = async (url: string) => (await server.call('GET', url)).status === 200;
  const wanted = ['/api/v1/nodes/node-1', '/api/v1/namespaces/default/serviceaccounts/default'];
  for (const url of wanted)
    for (let turn = 0; !(await isThere(url)); turn++) {
      assert.ok(turn < turnsMax, `${url} did not come`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  // The publisher was not chosen.
  assert.equal(await isThere('/api/v1/namespaces/default/configmaps/kube-root-ca.crt'), false);
  await stop();
  assert.equal(server.server.backend.hub.watchers, 0);
  await server.close();
});

test('a controller that does not exist is told before anything starts', () => {
  checkControllers(parseSelection('*,-scheduler,root-ca-certificate-publisher'));
  assert.throws(() => checkControllers(parseSelection('deploymint')), { code: 'UNKNOWN_CONTROLLER' });
});
