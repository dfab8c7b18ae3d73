/**
 * What a container's process is, sees and may, on a real node. The cases that upstream's suite asks for in
 * test/e2e/common/node/{security_context,privileged,sysctl,expansion,downwardapi,containers,kubelet_etc_hosts,file_key,
 * runtimeclass,runtime,lifecycle_hook}.go and test/e2e/node/security_context.go.
 */
import assert from 'node:assert/strict';
import { readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Container, ContainerState } from '../../../src/kinds/generated/types.ts';
import { assertText, noNodeBecause, until } from '../../node/test-node.ts';
import { image, type Node, type PodShape, script, startNode } from './pod-on-a-node.ts';

/** Lines of a process's own status. */
const statusLines = (...names: string[]) => ['grep', '-E', `^(${names.join('|')}):`, '/proc/self/status'];
const field = (path: string) => ({ valueFrom: { fieldRef: { fieldPath: path } } });
const resource = (name: string, more = {}) => ({
  valueFrom: { resourceFieldRef: { resource: name, ...more } },
});
const fileKey = (key: string, optional = false) => ({
  valueFrom: { fileKeyRef: { volumeName: 'shared', path: 'config.env', key, optional } },
});
const beside = (name: string, more: Partial<Container>): Container => ({
  ...{ name, image, command: ['sleep', '3600'] },
  ...more,
});
const shared = { volumes: [{ name: 'shared', emptyDir: {} }] };
const words = (more: Partial<Container>, said: string): PodShape => ({
  restartPolicy: 'Never',
  container: { command: script(said), ...more },
});

const pods: Record<string, PodShape> = {
  plain: {},
  owned: {
    securityContext: {
      ...{ runAsUser: 1001, runAsGroup: 2002, fsGroup: 3003, supplementalGroups: [4004] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    container: {
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
      },
    },
    others: [
      beside('other', {
        securityContext: {
          ...{ runAsUser: 1002, runAsNonRoot: true, allowPrivilegeEscalation: true },
          seccompProfile: { type: 'Unconfined' },
        },
      }),
    ],
  },
  privileged: { container: { securityContext: { privileged: true } } },
  host: {
    hostNetwork: true,
    hostPID: true,
    hostIPC: true,
    hostAliases: [{ ip: '192.0.2.1', hostnames: ['one', 'two'] }],
  },
  together: { shareProcessNamespace: true, others: [beside('other', { command: ['sleep', '4242'] })] },
  sysctls: {
    securityContext: {
      sysctls: [
        { name: 'kernel.shm_rmid_forced', value: '1' },
        { name: 'net/ipv4/ping_group_range', value: '1 100' },
      ],
    },
  },
  bounded: {
    resources: { requests: { cpu: '300m' }, limits: { cpu: '500m', memory: '64Mi' } },
    container: {
      env: [{ name: 'MEMORY', ...resource('limits.memory', { divisor: '1Mi' }) }],
      resources: { limits: { cpu: '200m', memory: '32Mi' } },
    },
    others: [
      beside('other', { env: [{ name: 'MEMORY', ...resource('limits.memory', { divisor: '1Mi' }) }] }),
    ],
  },
  unsafe: { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '16384' }] } },
  'not-confined': { container: { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } } },
  environment: {
    ...shared,
    annotations: { notation: 'mine' },
    container: {
      command: ['sh', '-c', 'echo "$0 $1"; sleep 3600', '$(COMPOSED)', '$$(COMPOSED)'],
      resources: { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } },
      env: [
        { name: 'FOO', value: 'foo-value' },
        { name: 'BAR', value: 'bar-value' },
        { name: 'COMPOSED', value: '$(FOO);;$(BAR);;$(NONE);;$$(FOO)' },
        { name: '!"#$%&()*+,-./0:;<>?@AZ[]^_`az{|}~', value: 'odd' },
        { name: 'NAME', ...field('metadata.name') },
        { name: 'NOTE', ...field("metadata.annotations['notation']") },
        { name: 'HOST', ...field('status.hostIP') },
        { name: 'HOSTS', ...field('status.hostIPs') },
        { name: 'IP', ...field('status.podIP') },
        { name: 'CPU', ...resource('limits.cpu') },
        { name: 'MILLIS', ...resource('requests.cpu', { divisor: '1m' }) },
        { name: 'MEMORY', ...resource('limits.memory', { divisor: '1Mi' }) },
        { name: 'OTHER', ...resource('limits.memory', { containerName: 'other', divisor: '1Gi' }) },
      ],
      volumeMounts: [{ name: 'shared', mountPath: '/part', subPathExpr: '$(NAME)/$(BAR)' }],
    },
    others: [beside('other', { volumeMounts: [{ name: 'shared', mountPath: '/whole' }] })],
  },
  'own-hosts': {
    ...shared,
    hostAliases: [{ ip: '192.0.2.1', hostnames: ['one', 'two'] }],
    others: [
      beside('own', { volumeMounts: [{ name: 'shared', mountPath: '/etc/hosts', subPath: 'hosts' }] }),
    ],
    initContainers: [
      beside('writes', {
        command: script('echo mine > /shared/hosts'),
        volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
      }),
    ],
  },
  'env-files': {
    ...shared,
    initContainers: [
      beside('writes', {
        command: script(`printf "# said\\n\\nONE='first'\\n  TWO='a b\\nc' # more\\n" > /shared/config.env`),
        volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
      }),
    ],
    container: {
      env: [
        { name: 'ONE', ...fileKey('ONE') },
        { name: 'RENAMED', ...fileKey('TWO') },
        { name: 'ABSENT', ...fileKey('THREE', true) },
      ],
    },
    others: [beside('misses', { env: [{ name: 'ABSENT', ...fileKey('THREE') }] })],
  },
  'other-handler': { runtimeClassName: 'not-configured' },
  'same-handler': { runtimeClassName: 'as-ever' },
  'words-in-a-file': words(
    { terminationMessagePath: '/dev/own-log', securityContext: { runAsUser: 1000 } },
    'printf DONE > /dev/own-log',
  ),
  // What it says is in its log when it ends: the runtime writes there in its own time.
  'words-in-the-log': words(
    { terminationMessagePolicy: 'FallbackToLogsOnError' },
    'echo DONE; sleep 1; exit 1',
  ),
  'words-of-success': words({ terminationMessagePolicy: 'FallbackToLogsOnError' }, 'echo DONE'),
  'words-before-the-log': words(
    { terminationMessagePolicy: 'FallbackToLogsOnError' },
    'echo LOG; printf OK > /dev/termination-log; exit 1',
  ),
  'words-too-many': words(
    {},
    'yes 123456789 | head -n 1000 > /dev/termination-log; printf LAST >> /dev/termination-log',
  ),
  hooks: {
    container: {
      command: script(
        'trap "exit 0" TERM; while ! test -s /tmp/begun; do sleep 0.1; done; cat /tmp/begun; sleep 3600 & wait',
      ),
      lifecycle: {
        postStart: { exec: { command: script('echo begins > /tmp/begun') } },
        preStop: { exec: { command: script('echo ends > /proc/1/fd/1') } },
      },
    },
    terminationGracePeriodSeconds: 30,
    finalizers: ['test/kept'],
  },
};

describe('processes of pods', { skip: noNodeBecause() }, () => {
  let node: Node;

  before(async () => {
    node = await startNode();
    const classes = node.cluster.client.of('RuntimeClass');
    await classes.create({ metadata: { name: 'not-configured' }, handler: 'no-such-handler' });
    await classes.create({ metadata: { name: 'as-ever' }, handler: 'runc' });
    await node.create(pods);
  });
  after(() => node?.cluster.close());

  test('a process that says nothing is root, with the usual privileges', async () => {
    const pod = await node.whenReady('plain');
    assert.equal(await node.run(pod, ['id', '-u']), '0\n');
    assert.equal(
      await node.run(pod, statusLines('NoNewPrivs', 'Seccomp', 'CapEff')),
      'CapEff:\t00000000a80425fb\nNoNewPrivs:\t0\nSeccomp:\t0\n',
    );
    assert.match(
      await node.run(pod, ['sh', '-c', 'echo x > /proc/sys/kernel/hostname']),
      /Read-only file system/,
    );
  });

  test('users, groups, capabilities, seccomp and the root filesystem are as asked for', async () => {
    const pod = await node.whenReady('owned');
    assert.equal(await node.run(pod, ['id']), 'uid=1001 gid=2002 groups=2002,3003,4004\n');
    assert.equal(
      await node.run(pod, statusLines('NoNewPrivs', 'Seccomp', 'CapBnd')),
      'CapBnd:\t0000000000001000\nNoNewPrivs:\t1\nSeccomp:\t2\n',
    );
    assert.match(await node.run(pod, ['touch', '/file']), /Read-only file system/);
    assert.equal(await node.run(pod, ['id', '-u'], 'other'), '1002\n');
    assert.equal(
      await node.run(pod, statusLines('NoNewPrivs', 'Seccomp'), 'other'),
      'NoNewPrivs:\t0\nSeccomp:\t0\n',
    );
  });

  test('a privileged process has all that there is', async () => {
    const pod = await node.whenReady('privileged');
    assert.equal(
      await node.run(pod, ['sh', '-c', 'ip link add d0 type bridge && ip link del d0 && echo made']),
      'made\n',
    );
    assert.match(
      await node.run(await node.whenReady('plain'), ['ip', 'link', 'add', 'd0', 'type', 'bridge']),
      /Operation not permitted/,
    );
  });

  test("namespaces of the node's own, where they are asked for", async () => {
    const [own, host] = [await node.whenReady('plain'), await node.whenReady('host')];
    for (const kind of ['pid', 'ipc']) {
      const ofNode = `${await readlink(`/proc/self/ns/${kind}`)}\n`;
      assert.equal(await node.run(host, ['readlink', `/proc/self/ns/${kind}`]), ofNode);
      assert.notEqual(await node.run(own, ['readlink', `/proc/self/ns/${kind}`]), ofNode);
    }
    assert.match(await node.run(host, ['ip', '-o', 'address']), / 172\.30\.0\.2\/24 /);
    assert.deepEqual([host.status?.podIP, host.status?.hostIP], ['172.30.0.2', '172.30.0.2']);
  });

  test('processes of a pod see each other where they are to', async () => {
    const pod = await node.whenReady('together');
    const seen = await node.run(pod, ['ps', '-o', 'args']);
    assert.match(seen, /^sleep 3600$/m);
    assert.match(seen, /^sleep 4242$/m);
    const [, first] = seen.split('\n');
    assert.doesNotMatch(first ?? '', /sleep/);
  });

  test('settings of the kernel: the harmless ones, by either name', async () => {
    const pod = await node.whenReady('sysctls');
    assert.equal(await node.run(pod, ['cat', '/proc/sys/kernel/shm_rmid_forced']), '1\n');
    assert.equal(await node.run(pod, ['cat', '/proc/sys/net/ipv4/ping_group_range']), '1\t100\n');
  });

  test('a pod as a whole has limits, which are those of its containers that have none', async () => {
    const pod = await node.whenReady('bounded');
    const { uid } = pod.metadata;
    const folder = `${node.node.cgroupRoot}/kubepods/burstable/pod${uid}`;
    const read = async (files: readonly string[]) => {
      for (const file of files) {
        const text = await readFile(path.join('/sys/fs/cgroup', file), 'utf8').catch(() => undefined);
        if (text !== undefined) return text.trim().split(' ')[0];
      }
      return undefined;
    };
    const limitsOf = async (cgroup: string) => [
      await read([`cpu${cgroup}/cpu.cfs_quota_us`, `${cgroup}/cpu.max`]),
      await read([`memory${cgroup}/memory.limit_in_bytes`, `${cgroup}/memory.max`]),
    ];
    const idOf = (name: string) =>
      pod.status?.containerStatuses
        ?.find((each) => each.name === name)
        ?.containerID?.slice('containerd://'.length);
    assert.deepEqual(await limitsOf(folder), ['50000', String(64 * 2 ** 20)]);
    assert.deepEqual(await limitsOf(`${folder}/${idOf('main')}`), ['20000', String(32 * 2 ** 20)]);
    assert.deepEqual(await limitsOf(`${folder}/${idOf('other')}`), ['50000', String(64 * 2 ** 20)]);
    assert.equal(await node.run(pod, ['sh', '-c', 'echo $MEMORY'], 'main'), '32\n');
    assert.equal(await node.run(pod, ['sh', '-c', 'echo $MEMORY'], 'other'), '64\n');
  });

  test('settings of the kernel that nobody has allowed', async () => {
    const { status } = await node.whenDone('unsafe');
    const message = 'forbidden sysctl: "kernel.msgmax" not allowlisted';
    assert.deepEqual(
      [status?.phase, status?.reason, status?.message],
      ['Failed', 'SysctlForbidden', `Pod was rejected: ${message}`],
    );
    assert.deepEqual(await node.events('unsafe'), [`Warning SysctlForbidden: ${message}`]);
  });

  test('a profile that this machine cannot enforce', async (t) => {
    const { status } = await node.when(
      'not-confined',
      'is decided',
      ({ status }) => status?.phase !== 'Pending',
    );
    if (status?.phase === 'Running') return t.skip('AppArmor is enabled on this machine');
    assert.deepEqual(
      [status?.reason, status?.message],
      ['AppArmor', 'Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host'],
    );
  });

  test('variables: composed, escaped, of any name, of fields and of resources', async () => {
    const pod = await node.whenReady('environment');
    const lines = (await node.run(pod, ['env'])).split('\n');
    const of = (name: string) => lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
    assert.deepEqual(
      Object.fromEntries(pods.environment?.container?.env?.map(({ name }) => [name, of(name)]) ?? []),
      {
        FOO: 'foo-value',
        BAR: 'bar-value',
        COMPOSED: 'foo-value;;bar-value;;$(NONE);;$(FOO)',
        '!"#$%&()*+,-./0:;<>?@AZ[]^_`az{|}~': 'odd',
        NAME: 'environment',
        NOTE: 'mine',
        HOST: '172.30.0.2',
        HOSTS: '172.30.0.2',
        IP: pod.status?.podIP,
        CPU: '2',
        MILLIS: '250',
        MEMORY: '64',
        OTHER: of('OTHER'),
      },
    );
    assert.match(of('OTHER') ?? '', /^[1-9]\d*$/);
    await assertText(() => node.log('environment'), 'foo-value;;bar-value;;$(NONE);;$(FOO) $(COMPOSED)\n');
    await node.run(pod, ['touch', '/part/here']);
    assert.equal(await node.run(pod, ['ls', '/whole/environment/bar-value'], 'other'), 'here\n');
  });

  test('/etc/hosts is kept by the node, but for who has one, or the whole network, of the own', async () => {
    const pod = await node.whenReady('own-hosts');
    const aliases = '\n# Entries added by HostAliases.\n192.0.2.1\tone\ttwo\n';
    const managed = await node.run(pod, ['cat', '/etc/hosts'], 'main');
    assert.ok(managed.startsWith('# Kubernetes-managed hosts file.\n'), managed);
    assert.ok(managed.endsWith(`${pod.status?.podIP}\town-hosts\n${aliases}`), managed);
    assert.equal(await node.run(pod, ['cat', '/etc/hosts'], 'own'), 'mine\n');
    const ofNode = await node.run(await node.whenReady('host'), ['cat', '/etc/hosts']);
    assert.ok(ofNode.startsWith('# Kubernetes-managed hosts file (host network).\n'), ofNode);
    assert.ok(ofNode.endsWith(aliases), ofNode);
  });

  test('variables out of a file that an init container has written', async () => {
    const pod = await node.when('env-files', 'has a container that waits', ({ status }) =>
      (status?.containerStatuses ?? []).some(
        ({ state }) => state?.waiting?.reason === 'CreateContainerConfigError',
      ),
    );
    const [main, misses] = pod.status?.containerStatuses ?? [];
    assert.ok(main?.state?.running);
    assert.deepEqual(misses?.state, {
      waiting: {
        reason: 'CreateContainerConfigError',
        message: 'environment variable key "THREE" not found in file "config.env"',
      },
    });
    const seen = await node.run(
      pod,
      ['sh', '-c', 'echo "$ONE|$RENAMED|$ABSENT"; env | grep -c ABSENT'],
      'main',
    );
    assert.equal(seen, 'first|a b\nc|\n0\n');
  });

  test('by which handler a pod runs is said by its RuntimeClass', async () => {
    await node.whenReady('same-handler');
    await node.when('other-handler', 'is begun', ({ status }) => status?.startTime !== undefined);
    const failed =
      'Warning FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "no-such-handler" is configured';
    await until('the handler is missed', async () => (await node.events('other-handler')).includes(failed));
    assert.equal((await node.pod('other-handler')).status?.phase, 'Pending');
  });

  const ends: Record<string, Partial<NonNullable<ContainerState['terminated']>>> = {
    'words-in-a-file': { exitCode: 0, reason: 'Completed', message: 'DONE' },
    'words-in-the-log': { exitCode: 1, reason: 'Error', message: 'DONE\n' },
    'words-of-success': { exitCode: 0, reason: 'Completed' },
    'words-before-the-log': { exitCode: 1, reason: 'Error', message: 'OK' },
    'words-too-many': {
      ...{ exitCode: 0, reason: 'Completed' },
      message: `${'123456789\n'.repeat(500).slice(-4092)}LAST`,
    },
  };
  for (const [name, wanted] of Object.entries(ends))
    test(`last words: ${name}`, async () => {
      const { status } = await node.whenDone(name);
      const { exitCode, reason, message } = status?.containerStatuses?.[0]?.state?.terminated ?? {};
      assert.deepEqual({ exitCode, reason, ...(message !== undefined && { message }) }, wanted);
    });

  test('hooks run when a container begins, and before it ends', async () => {
    await node.whenReady('hooks');
    const pods = node.cluster.client.of('Pod');
    await pods.delete({ namespace: 'default', name: 'hooks' }, { gracePeriodSeconds: 30 });
    const ended = await node.whenDone('hooks');
    await assertText(() => node.log('hooks'), 'begins\nends\n');
    assert.equal(ended.status?.containerStatuses?.[0]?.state?.terminated?.exitCode, 0);
    const patch = { metadata: { finalizers: null } };
    await pods.patch({ namespace: 'default', name: 'hooks' }, { type: 'merge', patch });
  });
});
