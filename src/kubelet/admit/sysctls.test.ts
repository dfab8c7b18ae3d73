import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSpec } from '../../kinds/generated/types.ts';
import { testPod } from '../test-kit.ts';
import { forbiddenSysctl } from './sysctls.ts';

const cases: Record<string, readonly [Partial<PodSpec>, string[], string | undefined]> = {
  none: [{}, [], undefined],
  'harmless ones': [{}, ['net.ipv4.tcp_rmem', 'kernel.shm_rmid_forced'], undefined],
  'a harmless one by its other name': [{}, ['net/ipv4/tcp_syncookies'], undefined],
  'one that is not allowed': [{}, ['kernel.msgmax'], '"kernel.msgmax" not allowlisted'],
  'the second is not allowed': [
    {},
    ['kernel.shm_rmid_forced', 'net.core.somaxconn'],
    '"net.core.somaxconn" not allowlisted',
  ],
  'an interface with a dot in its name': [
    {},
    ['net/ipv4/conf/eth0.1/forwarding'],
    '"net.ipv4.conf.eth0/1.forwarding" not allowlisted',
  ],
  "of the network, which is the node's": [
    { hostNetwork: true },
    ['net.ipv4.tcp_syncookies'],
    '"net.ipv4.tcp_syncookies" not allowed with host net enabled',
  ],
  "of what processes share, which is the node's": [
    { hostIPC: true },
    ['kernel.shm_rmid_forced'],
    '"kernel.shm_rmid_forced" not allowed with host ipc enabled',
  ],
};

for (const [name, [spec, names, why]] of Object.entries(cases))
  test(`settings of the kernel: ${name}`, () => {
    const sysctls = names.map((each) => ({ name: each, value: '1' }));
    const rejection = forbiddenSysctl(testPod({ ...spec, securityContext: { sysctls } }));
    const wanted =
      why === undefined ? undefined : { reason: 'SysctlForbidden', message: `forbidden sysctl: ${why}` };
    assert.deepEqual(rejection, wanted);
  });
