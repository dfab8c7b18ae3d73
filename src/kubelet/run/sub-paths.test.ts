import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { testContainer } from '../test-kit.ts';
import { resolveSubPaths } from './sub-paths.ts';

test('a subPath stays in its volume, and is made where it is missing', async (t) => {
  const folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'wherry-subpath-')));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const volume = path.join(folder, 'volume');
  await mkdir(path.join(volume, 'real'), { recursive: true });
  await writeFile(path.join(volume, 'real/file'), '');
  await writeFile(path.join(folder, 'secret'), '');
  await symlink('real', path.join(volume, 'inside'));
  await symlink('..', path.join(volume, 'out'));
  await symlink('/', path.join(volume, 'root'));
  await symlink('nowhere', path.join(volume, 'dangling'));

  const container = testContainer('web', { volumeMounts: [{ name: 'v', mountPath: '/v' }] });
  const hosts = { containerPath: '/etc/hosts', hostPath: '/somewhere' };
  const of = async (subPath: string) => {
    const mounts = [{ containerPath: '/v', hostPath: path.join(volume, subPath) }, hosts];
    const [own, other] = await resolveSubPaths(container, mounts, new Map([['v', volume]]));
    assert.deepEqual(other, hosts);
    return own?.hostPath.slice(volume.length);
  };
  assert.equal(await of(''), '');
  assert.equal(await of('real/file'), '/real/file');
  assert.equal(await of('inside/file'), '/real/file');
  assert.equal(await of('new/deep'), '/new/deep');
  assert.equal((await stat(path.join(volume, 'new/deep'))).mode & 0o777, 0o750);
  for (const subPath of ['out', 'out/secret', 'root/etc', 'dangling', 'real/file/below'])
    await assert.rejects(of(subPath), {
      code: 'CONTAINER_CONFIG',
      message: 'failed to prepare subPath for volumeMount "v" of container "web"',
    });
});
