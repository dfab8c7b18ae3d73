/** `wherry up`, `status` and `down` of a cluster that needs no privileges; with containers in test/node/up.test.ts. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { exec } from '../../lib/exec.ts';

const program = join(import.meta.dirname, '../../../bin/wherry');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Other clusters, of this test run elsewhere too, may have any of the usual ones meanwhile: so they follow from the port. */
function rangesOf(port: number): { nodes: string; options: string[] } {
  const [second, third] = [port >> 8, port % 85];
  const of = (part: number) => `127.${second}.${third + 85 * part}`;
  const options = ['--node-cidr', '--pod-cidr', '--service-cidr'].flatMap((option, part) => [
    option,
    `${of(part)}.0/24`,
  ]);
  return { nodes: of(0), options };
}

describe('a loopback cluster', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wherry-up-'));
  });
  after(async () => {
    await run('down');
    await rm(folder, { recursive: true, force: true });
  });

  const run = async (command: string, ...args: string[]) => {
    const done = await exec(program, [command, '--data-dir', join(folder, 'data'), '--name', 'lab', ...args]);
    return { code: done.code, text: done.stdout + done.stderr };
  };

  test('comes, is there, goes, and comes again with its data', async () => {
    const port = String(await freePort());
    const ranges = rangesOf(Number(port));
    const options = ['--mode', 'loopback', '--no-demo', '--nodes', '1', '--port', port, ...ranges.options];
    const first = await run('up', ...options);
    assert.equal(first.code, 0, first.text);
    assert.match(first.text, /^ {2}nodes +1 simulated: pods listen and answer, no container runs /m);
    const authority = await readFile(join(folder, 'data/pki/ca.crt'), 'utf8');

    const status = await run('status', '-o', 'json');
    assert.equal(status.code, 0, status.text);
    const found = JSON.parse(status.text) as Record<string, unknown>;
    assert.equal(found.running, true);
    assert.deepEqual(found.servers, [`https://127.0.0.1:${port}`]);
    assert.deepEqual(
      [found.nodeCIDR, found.loadBalancerPool, (found.nodes as { address: string }[])[0]?.address],
      [`${ranges.nodes}.0/24`, `${ranges.nodes}.200-${ranges.nodes}.250`, `${ranges.nodes}.2`],
    );

    assert.match((await run('up', '--no-demo')).text, /it runs already/);
    const other = await run('up', '--port', '1');
    assert.equal(other.code, 1);
    assert.match(
      other.text,
      /^wherry: cluster lab runs, with --port \d+ .*stop it first with: bin\/wherry down --name lab --data-dir \S+$/m,
    );

    assert.match((await run('down')).text, /^ {2}stopping +the server is gone /m);
    assert.match(
      await readFile(join(folder, 'data/server.log'), 'utf8'),
      / info {2}stopping signal="SIGTERM"$/m,
    );
    assert.equal((await run('status')).code, 3);
    assert.match((await run('down')).text, /nothing was running/);

    const again = await run('up', '--no-demo');
    assert.match(again.text, /it was here before; it goes on with its data/);
    assert.equal(await readFile(join(folder, 'data/pki/ca.crt'), 'utf8'), authority);
    assert.equal((await run('down', '--delete-data')).code, 0);
    assert.match((await run('status')).text, /^there is no cluster lab /);
  });

  test('a wrong command line is told with its command', async () => {
    const { code, text } = await run('up', '--nodes', 'many');
    assert.equal(code, 2);
    assert.equal(text, 'wherry: --nodes is "many"; wanted is a number\nwherry: try wherry up --help\n');
  });
});
