import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInPod, podNetwork } from './pod-network.ts';

const uid = '0d2d7ab4-47b0-4b8a-8f5e-6f1c4c8b0b11';

const cases: Record<string, { cgroups: string; isIn: boolean }> = {
  'unified, as ours': { cgroups: `0::/wherry/burstable/pod${uid}/4f1e\n`, isIn: true },
  'one of many': { cgroups: `12:cpu:/\n11:memory:/kubepods/pod${uid}/4f1e\n`, isIn: true },
  "systemd's": {
    cgroups: `0::/kubepods.slice/kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice/cri-containerd-4f1e.scope\n`,
    isIn: true,
  },
  'another pod': { cgroups: '0::/wherry/pod1c8b0b11/4f1e\n', isIn: false },
  'a longer name': { cgroups: `0::/wherry/pod${uid}0/4f1e\n`, isIn: false },
  'no pod': { cgroups: '0::/user.slice\n', isIn: false },
  nothing: { cgroups: '', isIn: false },
};

for (const [name, { cgroups, isIn }] of Object.entries(cases))
  test(`a process in a pod: ${name}`, () => assert.equal(isInPod(cgroups, uid), isIn));

test('a pod without processes has no network here', async () =>
  assert.equal(await podNetwork({ metadata: { name: 'gone', uid } }), undefined));
