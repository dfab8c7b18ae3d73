/**
 * Whose a projected token is, and who may read it. What is asked for: "should set ownership and permission when RunAsUser
 * or FsGroup is present" in test/e2e/auth/service_accounts.go of Kubernetes.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { PodFiles } from '../../../src/kubelet/run/pod-files.ts';
import { testPod } from '../../../src/kubelet/test-kit.ts';
import { NodeVolumes } from '../../../src/kubelet/volumes/node-volumes.ts';
import { createManualClock } from '../../../src/lib/manual-clock.ts';

const skip = process.getuid?.() === 0 ? false : 'only root may give files away';

const cases: [name: string, user: number | undefined, group: number | undefined, seen: string][] = [
  ['a user', 1000, undefined, '600 1000 0'],
  ['a group', undefined, 10_000, '640 0 10000'],
  ['a user and a group', 1000, 10_000, '640 1000 10000'],
  ['neither', undefined, undefined, '644 0 0'],
];

for (const [name, runAsUser, fsGroup, seen] of cases)
  test(`the token of a pod with ${name}`, { skip }, async (t) => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-tokens-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const volumes = new NodeVolumes({
      files: new PodFiles(folder),
      clock: createManualClock(),
      sources: { configMap: () => undefined, secret: () => undefined, services: () => [] },
      token: async () => 'a.b.c',
      memory: { mount: async () => {}, unmount: async () => {} },
      pinned: { mount: async () => {}, unmount: async () => {}, unmountBelow: async () => {} },
    });
    const source = { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } };
    const pod = testPod({
      securityContext: {
        ...(runAsUser !== undefined && { runAsUser }),
        ...(fsGroup !== undefined && { fsGroup }),
      },
      volumes: [{ name: 'v', projected: { defaultMode: 0o644, sources: [source] } }],
    });
    const place = { hostIPs: [], podIPs: [], allocatable: { cpu: '2', memory: '1Gi' } };
    const [at] = (await volumes.prepare(pod, place)).values();
    const { mode, uid, gid } = await stat(path.join(String(at), 'token'));
    assert.equal(`${(mode & 0o777).toString(8)} ${uid} ${gid}`, seen);
  });
