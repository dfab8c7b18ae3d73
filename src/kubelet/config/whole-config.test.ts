import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Container, Pod, PodSpec } from '../../kinds/generated/types.ts';
import { testContainer, testPod } from '../test-kit.ts';
import { type ContainerFacts, containerConfig } from './container-config.ts';
import { nodeDnsConfig, podDns } from './dns.ts';
import { kernelHostname, podHostname } from './hostname.ts';
import { hostsFile } from './hosts.ts';
import { containerMounts } from './mounts.ts';
import { sandboxConfig } from './sandbox-config.ts';
import { containerSecurity, type ImageUser, podNamespaces, sandboxSecurity } from './security.ts';

const clusterDns = { servers: ['10.96.0.10'], domain: 'cluster.local' };
const nodeDns = { servers: ['192.0.2.1'], searches: ['corp.example'], options: ['rotate'] };

describe('DNS of a pod', () => {
  const of = (spec: Partial<PodSpec>, cluster = clusterDns) =>
    podDns(testPod(spec), { cluster, node: nodeDns });
  const inCluster = {
    servers: ['10.96.0.10'],
    searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'corp.example'],
    options: ['ndots:5'],
  };
  test('by its policy', () => {
    assert.deepEqual(of({}), inCluster);
    assert.deepEqual(of({ dnsPolicy: 'ClusterFirst', hostNetwork: true }), nodeDns);
    assert.deepEqual(of({ dnsPolicy: 'ClusterFirstWithHostNet', hostNetwork: true }), inCluster);
    assert.deepEqual(of({ dnsPolicy: 'Default' }), nodeDns);
    assert.deepEqual(of({ dnsPolicy: 'None' }), { servers: [], searches: [], options: [] });
    assert.deepEqual(of({}, { servers: [], domain: 'cluster.local' }), nodeDns);
  });
  test('with what it adds itself', () => {
    const dnsConfig = {
      nameservers: ['10.96.0.10', '192.0.2.7', '192.0.2.8', '192.0.2.9'],
      searches: ['cluster.local', 'mine'],
      options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
    };
    assert.deepEqual(of({ dnsConfig }), {
      servers: ['10.96.0.10', '192.0.2.7', '192.0.2.8'],
      searches: [...inCluster.searches, 'mine'],
      options: ['ndots:2', 'edns0'],
    });
    const many = Array.from({ length: 40 }, (_, index) => `${'x'.repeat(60)}${index}`);
    assert.equal(of({ dnsPolicy: 'None', dnsConfig: { searches: many } }).searches.length, 32);
    const long = many.map((name) => name.repeat(3));
    assert.ok(of({ dnsPolicy: 'None', dnsConfig: { searches: long } }).searches.join(' ').length <= 2048);
  });
  test("reads the node's file", () => {
    const text =
      '# made by hand\nnameserver 192.0.2.1\nsearch old\n search a.example. .\noptions ndots:1 rotate\nnameserver ::1\n';
    assert.deepEqual(nodeDnsConfig(text), {
      servers: ['192.0.2.1', '::1'],
      searches: ['a.example', '.'],
      options: ['ndots:1', 'rotate'],
    });
  });
});

describe('the name of a pod', () => {
  const of = (spec: Partial<PodSpec>, name = 'p') =>
    podHostname(testPod(spec, { metadata: { name } }), 'cluster.local');
  test('is its own, or what it asks for', () => {
    assert.deepEqual(of({}), { hostname: 'p', domain: '' });
    assert.deepEqual(of({}, `${'x'.repeat(62)}-y`), { hostname: 'x'.repeat(62), domain: '' });
    assert.deepEqual(of({ hostname: 'h', subdomain: 'sub' }), {
      hostname: 'h',
      domain: 'sub.default.svc.cluster.local',
    });
    assert.deepEqual(of({ hostnameOverride: 'a.b.c', subdomain: 'sub' }), { hostname: 'a.b.c', domain: '' });
  });
  test('is whole for the kernel where that is asked for, and fits', () => {
    const whole = testPod({ subdomain: 'sub', setHostnameAsFQDN: true });
    assert.equal(
      kernelHostname(whole, podHostname(whole, 'cluster.local')),
      'p.sub.default.svc.cluster.local',
    );
    assert.throws(() => kernelHostname(whole, { hostname: 'h'.repeat(40), domain: 'd'.repeat(30) }), {
      message: `failed to construct FQDN from pod hostname and cluster domain, FQDN ${'h'.repeat(40)}.${'d'.repeat(30)} is too long (64 characters is the max, 71 characters requested)`,
    });
  });
});

test('/etc/hosts', () => {
  const hostAliases = [
    { ip: '192.0.2.5', hostnames: ['foo', 'bar'] },
    { ip: '192.0.2.6', hostnames: ['baz'] },
  ];
  const facts = {
    name: { hostname: 'p', domain: 'sub.default.svc.cluster.local' },
    podIPs: ['10.244.0.5', 'fd00::5'],
    nodeHosts: '127.0.0.1 localhost\n',
  };
  const aliases = '\n# Entries added by HostAliases.\n192.0.2.5\tfoo\tbar\n192.0.2.6\tbaz\n';
  assert.equal(
    hostsFile(testPod({ hostAliases }), facts),
    [
      '# Kubernetes-managed hosts file.',
      '127.0.0.1\tlocalhost',
      '::1\tlocalhost ip6-localhost ip6-loopback',
      'fe00::0\tip6-localnet',
      'fe00::0\tip6-mcastprefix',
      'fe00::1\tip6-allnodes',
      'fe00::2\tip6-allrouters',
      '10.244.0.5\tp.sub.default.svc.cluster.local\tp',
      'fd00::5\tp.sub.default.svc.cluster.local\tp',
      aliases,
    ].join('\n'),
  );
  assert.equal(
    hostsFile(testPod({ hostNetwork: true, hostAliases }), facts),
    `# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n${aliases}`,
  );
  assert.match(
    hostsFile(testPod({}), { ...facts, name: { hostname: 'p', domain: '' } }),
    /^10\.244\.0\.5\tp$/m,
  );
});

describe('security', () => {
  const image: ImageUser = { uid: undefined, username: '' };
  const of = (container: Partial<Container>, spec: Partial<PodSpec> = {}, user = image) => {
    const whole = testContainer('web', container);
    const pod = testPod({ ...spec, containers: [whole] });
    return containerSecurity(pod, whole, { image: user, seccompFolder: '/seccomp' });
  };
  test('a container that says nothing', () => {
    const { maskedPaths, readonlyPaths, ...rest } = of({});
    assert.ok(maskedPaths?.includes('/proc/kcore') && readonlyPaths?.includes('/proc/sys'));
    assert.deepEqual(rest, {
      privileged: false,
      namespaceOptions: { network: 'POD', ipc: 'POD', pid: 'CONTAINER' },
      readonlyRootfs: false,
      noNewPrivs: false,
      supplementalGroups: [],
      supplementalGroupsPolicy: 'Merge',
      seccomp: { profileType: 'Unconfined' },
      capabilities: { addCapabilities: [], dropCapabilities: [] },
    });
  });
  test('its own word stands above that of its pod', () => {
    const security = of(
      {
        securityContext: {
          runAsUser: 7,
          privileged: true,
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
          seccompProfile: { type: 'Localhost', localhostProfile: 'p.json' },
        },
      },
      {
        hostPID: true,
        securityContext: {
          runAsUser: 5,
          runAsGroup: 6,
          fsGroup: 100,
          supplementalGroups: [200],
          supplementalGroupsPolicy: 'Strict',
          seLinuxOptions: { level: 's0' },
          seccompProfile: { type: 'RuntimeDefault' },
        },
      },
    );
    assert.deepEqual(security, {
      privileged: true,
      namespaceOptions: { network: 'POD', ipc: 'POD', pid: 'NODE' },
      readonlyRootfs: true,
      noNewPrivs: true,
      supplementalGroups: [100, 200],
      supplementalGroupsPolicy: 'Strict',
      seccomp: { profileType: 'Localhost', localhostRef: '/seccomp/p.json' },
      maskedPaths: [],
      readonlyPaths: [],
      capabilities: { addCapabilities: ['NET_ADMIN'], dropCapabilities: ['ALL'] },
      runAsUser: { value: 7 },
      runAsGroup: { value: 6 },
      selinuxOptions: { level: 's0' },
    });
  });
  test("the image's user is the last resort", () => {
    assert.deepEqual(of({}, {}, { uid: 9, username: '' }).runAsUser, { value: 9 });
    assert.equal(of({}, {}, { uid: undefined, username: 'www' }).runAsUsername, 'www');
    assert.equal(
      of({ securityContext: { runAsUser: 1 } }, {}, { uid: undefined, username: 'www' }).runAsUsername,
      undefined,
    );
  });
  test('whoever must not be root is not', () => {
    const nonRoot = { securityContext: { runAsNonRoot: true } };
    const where = '(pod: "p_default(uid-1)", container: web)';
    assert.throws(() => of(nonRoot), {
      message: `container has runAsNonRoot and image will run as root ${where}`,
    });
    assert.throws(() => of(nonRoot, {}, { uid: undefined, username: 'www' }), {
      message: `container has runAsNonRoot and image has non-numeric user (www), cannot verify user is non-root ${where}`,
    });
    assert.throws(() => of({ securityContext: { runAsUser: 0 } }, nonRoot), {
      message: `container's runAsUser breaks non-root policy ${where}`,
    });
    assert.deepEqual(of(nonRoot, {}, { uid: 5, username: '' }).runAsUser, { value: 5 });
    assert.doesNotThrow(() => of({ securityContext: { runAsNonRoot: false } }, nonRoot));
  });
  test('namespaces, and the sandbox', () => {
    assert.deepEqual(
      podNamespaces(testPod({ hostNetwork: true, hostIPC: true, shareProcessNamespace: true })),
      {
        network: 'NODE',
        ipc: 'NODE',
        pid: 'POD',
      },
    );
    const pod = testPod({
      securityContext: { runAsUser: 3, fsGroup: 4 },
      initContainers: [testContainer('i', { securityContext: { privileged: true } })],
    });
    assert.deepEqual(sandboxSecurity(pod), {
      privileged: true,
      seccomp: { profileType: 'RuntimeDefault' },
      namespaceOptions: { network: 'POD', ipc: 'POD', pid: 'CONTAINER' },
      supplementalGroups: [4],
      runAsUser: { value: 3 },
    });
  });
});

describe('mounts', () => {
  const facts = {
    volumes: new Map([['v', '/pods/u/v']]),
    hostsPath: '/pods/u/etc-hosts',
    terminationLogPath: '/pods/u/web/log',
    env: [{ key: 'NAME', value: 'sub' }],
    podIPs: ['10.244.0.5'],
  };
  const of = (container: Partial<Container>, more: Partial<typeof facts> = {}, pod: Pod = testPod({})) =>
    containerMounts(pod, testContainer('web', container), { ...facts, ...more });
  const mount = (mountPath: string, more = {}) => ({ volumeMounts: [{ name: 'v', mountPath, ...more }] });
  const plain = { readonly: false, recursiveReadOnly: false, propagation: 'PROPAGATION_PRIVATE' };
  const hosts = { containerPath: '/etc/hosts', hostPath: '/pods/u/etc-hosts' };

  test('volumes, the hosts file, and the last words', () => {
    assert.deepEqual(of({ ...mount('/data'), terminationMessagePath: '/dev/termination-log' }), [
      { containerPath: '/data', hostPath: '/pods/u/v', ...plain },
      hosts,
      { containerPath: '/dev/termination-log', hostPath: '/pods/u/web/log' },
    ]);
  });
  test('how a volume is mounted', () => {
    const more = {
      readOnly: true,
      recursiveReadOnly: 'Enabled',
      mountPropagation: 'HostToContainer',
      subPath: 'a/b',
    };
    assert.deepEqual(of(mount('data', more)), [
      {
        containerPath: '/data',
        hostPath: '/pods/u/v/a/b',
        readonly: true,
        recursiveReadOnly: true,
        propagation: 'PROPAGATION_HOST_TO_CONTAINER',
      },
      hosts,
    ]);
    assert.equal(of(mount('/d', { subPathExpr: 'x/$(NAME)' }))[0]?.hostPath, '/pods/u/v/x/sub');
  });
  test('a hosts file of its own, and none before there is an address', () => {
    assert.deepEqual(of(mount('/etc/hosts')), [
      { containerPath: '/etc/hosts', hostPath: '/pods/u/v', ...plain },
    ]);
    assert.deepEqual(of({}, { podIPs: [] }), []);
    assert.deepEqual(of({}, { podIPs: [] }, testPod({ hostNetwork: true })), [hosts]);
  });
  test('what leads out of a volume is refused', () => {
    assert.throws(
      () => of(mount('/d', { subPathExpr: '$(NONE)' })),
      /^ContainerConfigError: missing value for NONE$/,
    );
    const empty = [{ key: 'EMPTY', value: '' }];
    assert.throws(
      () => of(mount('/d', { subPathExpr: '$(NONE)/$(EMPTY)/$(NONE)' }), { env: empty }),
      /missing value for EMPTY, NONE$/,
    );
    const env = [{ key: 'NAME', value: '../../etc' }];
    assert.throws(() => of(mount('/d', { subPathExpr: '$(NAME)' }), { env }), /must not contain '\.\.'/);
    const absolute = [{ key: 'NAME', value: '/etc' }];
    assert.throws(() => of(mount('/d', { subPathExpr: '$(NAME)' }), { env: absolute }), /absolute/);
    assert.throws(
      () => of({ volumeMounts: [{ name: 'none', mountPath: '/d' }] }),
      /cannot find volume "none"/,
    );
  });
});

test('a sandbox, whole', () => {
  const pod = testPod(
    {
      containers: [
        testContainer('web', {
          ports: [
            { containerPort: 80 },
            { containerPort: 53, protocol: 'UDP', hostPort: 5353, hostIP: '127.0.0.1' },
          ],
        }),
      ],
      securityContext: { sysctls: [{ name: 'net/core/somaxconn', value: '9' }] },
    },
    { metadata: { labels: { app: 'web' }, annotations: { note: 'x' } } },
  );
  const config = sandboxConfig(pod, {
    attempt: 2,
    clusterDns,
    nodeDns,
    logsFolder: '/logs',
    cgroupRoot: '/n1',
  });
  const { labels, linux, dnsConfig, ...rest } = config;
  assert.deepEqual(rest, {
    metadata: { name: 'p', namespace: 'default', uid: 'uid-1', attempt: 2 },
    hostname: 'p',
    logDirectory: '/logs/default_p_uid-1',
    portMappings: [
      { protocol: 'TCP', containerPort: 80, hostPort: 0, hostIp: '' },
      { protocol: 'UDP', containerPort: 53, hostPort: 5353, hostIp: '127.0.0.1' },
    ],
    annotations: { note: 'x' },
  });
  assert.equal(labels.app, 'web');
  assert.deepEqual(dnsConfig?.servers, ['10.96.0.10']);
  assert.deepEqual(
    [linux?.cgroupParent, linux?.sysctls],
    ['/n1/kubepods/besteffort/poduid-1', { 'net.core.somaxconn': '9' }],
  );
  const onNode = testPod({ hostNetwork: true });
  assert.equal(
    sandboxConfig(onNode, { attempt: 0, clusterDns, nodeDns, logsFolder: '/l', cgroupRoot: '' }).hostname,
    '',
  );
});

test('a container, whole', () => {
  const container = testContainer('web', {
    command: ['sh', '-c', 'echo $(WHO) $(NONE)'],
    args: ['$(WHO)', '$$(WHO)'],
    env: [{ name: 'WHO', value: 'me' }],
    workingDir: '/w',
    stdin: true,
    tty: true,
  });
  const pod = testPod({ containers: [container] });
  const facts: ContainerFacts = {
    restartCount: 3,
    imageRef: 'sha256:1',
    imageUser: { uid: undefined, username: '' },
    place: { hostIPs: [], podIPs: ['10.244.0.5'], allocatable: {} },
    sources: { configMap: () => undefined, secret: () => undefined, services: () => [] },
    mounts: { volumes: new Map(), hostsPath: '/h', terminationLogPath: '/t' },
    memoryCapacityBytes: 2 ** 30,
    seccompFolder: '/s',
    targetId: 'other',
  };
  const { labels, annotations, linux, ...rest } = containerConfig(pod, container, facts);
  assert.deepEqual(rest, {
    metadata: { name: 'web', attempt: 3 },
    image: { image: 'sha256:1', userSpecifiedImage: 'nginx' },
    command: ['sh', '-c', 'echo me $(NONE)'],
    args: ['me', '$(WHO)'],
    workingDir: '/w',
    envs: [{ key: 'WHO', value: 'me' }],
    mounts: [{ containerPath: '/etc/hosts', hostPath: '/h' }],
    logPath: 'web/3.log',
    stdin: true,
    stdinOnce: false,
    tty: true,
  });
  assert.equal(labels['io.kubernetes.container.name'], 'web');
  assert.equal(annotations['io.kubernetes.container.restartCount'], '3');
  assert.deepEqual(linux?.securityContext?.namespaceOptions, {
    network: 'POD',
    ipc: 'POD',
    pid: 'TARGET',
    targetId: 'other',
  });
});
