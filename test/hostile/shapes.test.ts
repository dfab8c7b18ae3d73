/** No object of any shape makes the server fail: it is taken or refused. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../../src/apiserver/test-server.ts';
import { kinds } from '../../src/kinds/registry.ts';
import { shapesOf } from './shapes.ts';

describe('objects of any shape', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  for (const kind of kinds)
    test(`${kind.group}/${kind.version} ${kind.kind}`, async () => {
      const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
      const url = `${root}${kind.scope === 'Namespaced' ? '/namespaces/default' : ''}/${kind.plural}?dryRun=All`;
      const failures: string[] = [];
      for (const { name, object } of shapesOf(kind)) {
        const { status } = await server.call('POST', url, { body: object });
        if (status >= 500) failures.push(`${name}: ${status}`);
      }
      assert.deepEqual(failures, []);
    });
});
