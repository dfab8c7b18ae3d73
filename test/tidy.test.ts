/**
 * The house rules as a test: who may import whom, what is banned where, how long things may be. Change a row
 * here together with ARCHITECTURE.md.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { missingPlatformPackages } from '../tools/complete-lock.ts';
import {
  bannedViolations,
  cycleViolations,
  extensionViolations,
  type Ladder,
  ladderViolations,
  machineViolations,
  missingTestViolations,
  sizeViolations,
  skipViolations,
} from './tidy/rules.ts';
import { parseSource } from './tidy/source.ts';
import { readProjectFiles } from './tidy/tree.ts';

const client = ['src/lib', 'src/kinds', 'src/client'];
const clientOfServices = [...client, 'src/service'];

const ladder: Ladder = {
  'src/lib': [],
  'src/kinds': ['src/lib'],
  'src/service': ['src/lib', 'src/kinds'],
  'src/store': ['src/lib'],
  'src/nft': ['src/lib'],
  'src/cri': ['src/lib'],
  'src/client': ['src/lib', 'src/kinds'],
  'src/apiserver': ['src/lib', 'src/kinds', 'src/service', 'src/store'],
  'src/controllers': clientOfServices,
  'src/scheduler': client,
  'src/kubelet': [...clientOfServices, 'src/cri'],
  'src/proxy': [...clientOfServices, 'src/nft'],
  'src/dns': clientOfServices,
  'src/loadbalancer': clientOfServices,
  'src/ingress': clientOfServices,
  'src/kubectl': client,
  'src/cluster': client,
  'src/testing': [...clientOfServices, 'src/store', 'src/apiserver', 'src/controllers', 'src/scheduler'],
  'src/commands': 'everything',
  'src/main.ts': 'everything',
  test: 'everything',
  bench: 'everything',
  tools: 'everything',
};

/** Where time, randomness and the environment are made: everyone else takes them as arguments. */
const mayUseGlobals = [/^src\/lib\/system\.ts$/, /^src\/main\.ts$/, /^src\/commands\//, /^src\/cluster\//];

const limits = { fileLines: 400, functionLines: 70 };

/** Files with logic but no test of their own name, and where that logic is tested. */
const throughHandle =
  'through handle(request), in src/apiserver/rest/*.test.ts, and by kubectl in test/kubectl';

const testedElsewhere: Record<string, string> = {
  'src/kinds/metallb/check.ts': 'by what it refuses, in src/apiserver/admission/metallb.test.ts',
  'src/loadbalancer/wish.ts': 'through allocate, in src/loadbalancer/allocate.test.ts',
  'src/dns/answers.ts': 'src/dns/responder.test.ts reads every kind of answer with another implementation',
  'src/dns/forwarded-message.ts': 'src/dns/resolver.test.ts',
  'src/apiserver/rest/': throughHandle,
  'src/apiserver/tunnels/':
    'through the whole server, against a fake kubelet, in test/tunnels, and by kubectl there',
  'src/service/explain/': 'through explain, in src/service/explain.test.ts',
  'src/commands/why/command.ts': 'by hand of the command line, in src/commands/why/why.test.ts and test/node',
  'src/commands/why/facts.ts': 'against a cluster, in src/commands/why/why.test.ts',
  'src/commands/why/probes.ts': 'against a cluster, in src/commands/why/why.test.ts and test/node',
  'src/commands/agent/probe-routes.ts': 'on real nodes, in test/node/why.test.ts',
  'src/commands/agent/probe-program.ts': 'in a pod, in test/node/why.test.ts',
  'src/store/contract-commit.ts': 'is a test: contract.ts runs it on every store',
  'src/store/contract-compact.ts': 'is a test: contract.ts runs it on every store',
  'src/store/contract-range.ts': 'is a test: contract.ts runs it on every store',
  'src/store/contract-watch.ts': 'is a test: contract.ts runs it on every store',
  'src/store/sqlite-worker.ts': 'in its thread, by sqlite.test.ts',
  'src/apiserver/yaml/worker.ts': 'in its thread, by yaml/thread.test.ts',
  'src/store/testing-child.ts': 'is what crash.test.ts kills',
  'src/cri/contract-containers.ts': 'is a test: contract.ts runs it on every runtime',
  'src/cri/fake/': 'by the contract and more, in src/cri/fake.test.ts',
  'src/cri/wire.ts': 'through the client, in src/cri/client.test.ts',
  'src/kubelet/config/errors.ts': 'by who throws it, in src/kubelet/config/*.test.ts',
  'src/kubelet/eviction/': 'through the manager, in src/kubelet/eviction/eviction-manager.test.ts',
  'src/kubelet/static/folder.ts': 'through StaticPods, in src/kubelet/static/static-pods.test.ts',
  'src/kubelet/static/mirrors.ts': 'through StaticPods, in src/kubelet/static/static-pods.test.ts',
  'src/kubelet/stats/readings.ts': 'through the eviction manager, in src/kubelet/eviction/*.test.ts',
  'src/controllers/persistent-volume-binder/':
    'through both controllers, in src/controllers/persistent-volume-binder.test.ts',
  'src/scheduler/bind-volumes.ts': 'with the controller that binds, in test/scheduler/volumes.test.ts',
  'src/scheduler/pod-claims.ts': 'with the controller that binds, in test/scheduler/volumes.test.ts',
  'src/kubelet/known-pods.ts': 'by whoever asks the server about pods, in src/kubelet/server/*.test.ts',
  'src/kubelet/logs/': 'through readLog and LogRotator, in src/kubelet/logs/*.test.ts',
  'src/kubelet/server/': 'through the whole server, in src/kubelet/server/*.test.ts',
  'src/kubelet/plan-init.ts': 'through planPod, in src/kubelet/plan.test.ts',
  'src/kubelet/plan-sandbox.ts': 'through planPod, in src/kubelet/plan.test.ts',
  'src/kubelet/status/': 'through podStatus, in src/kubelet/status/pod-status.test.ts',
  'src/kubelet/run/':
    'through syncPod and the agent, in src/kubelet/run/*.test.ts and src/kubelet/agent.test.ts',
  'src/kubelet/node/': 'through the agent, in src/kubelet/agent.test.ts',
  'src/kubelet/volumes/': 'through NodeVolumes, in src/kubelet/volumes/volumes.test.ts',
  'src/cluster/images/':
    'by what `wherry up` makes of Debian packages, in test/node/up.test.ts and test/labs',
  'src/cluster/up/': 'as a whole, in test/node/up.test.ts',
  'src/commands/server/server.ts': 'by running it, in src/commands/command-line.test.ts',
  'src/commands/agent/command.ts': 'with all the others, in src/commands/command-line.test.ts',
  'src/commands/server/command.ts': 'with all the others, in src/commands/command-line.test.ts',
  'src/commands/cluster/image.ts': 'in test/node/up.test.ts',
  'src/cluster/node/clean.ts': 'after every test in test/node, and by test/node/clean.test.ts',
  'src/cluster/node/containerd.ts': 'in test/node, since it takes root and containerd',
  'src/cluster/node/containerd-keeper.ts': 'in test/node, since it takes root and containerd',
  'src/cluster/node/links.ts': 'in test/node, since it takes root',
  'src/commands/agent/join.ts': 'in test/node/agent.test.ts, since it takes root',
  'src/commands/agent/kubelet.ts': 'in test/node/agent.test.ts, since it takes root',
  'src/commands/agent/metrics.ts': 'in test/node/agent.test.ts, through the server',
  'src/commands/agent/network.ts': 'in test/node/agent.test.ts, since it takes root',
  'src/commands/agent/clean-node.ts': 'after every test in test/node that has a cluster',
  'src/commands/dns.ts': 'src/commands/server/loopback.test.ts and test/node/agent.test.ts ask it',
  'src/cluster/node/memory-folders.ts': 'in test/node, since it takes root',
  'src/cluster/node/network-namespace.ts': 'in test/node, since it takes root',
  'src/cluster/node/pinned-mounts.ts': 'in test/node/pinned-mounts.test.ts, since it takes root',
};

const projectFiles = readProjectFiles();
const sources = projectFiles.filter(({ path }) => path.endsWith('.ts')).map(parseSource);

describe('the project', () => {
  const rules: Record<string, () => string[]> = {
    'imports follow the ladder': () => ladderViolations(sources, ladder),
    'relative imports end in .ts': () => extensionViolations(sources),
    'no import cycles': () => cycleViolations(sources),
    'time, randomness and environment are arguments': () => bannedViolations(sources, mayUseGlobals),
    'files and functions fit on a screen': () => sizeViolations(sources, limits),
    'no test is left out without a reason': () => skipViolations(sources),
    'every file with logic has its test': () => missingTestViolations(sources, testedElsewhere),
    'no machine paths, no registry hosts': () => machineViolations(projectFiles, registryHosts()),
    'the lock file names every platform': () => lockViolations(),
  };
  for (const [name, violations] of Object.entries(rules)) {
    test(name, () => assert.deepEqual(violations(), []));
  }
});

/** The host that npm uses on this machine: npm hands its settings to the scripts it runs. */
function registryHosts(): string[] {
  const registry = process.env.npm_config_registry;
  const host = registry === undefined ? '' : new URL(registry).host;
  return host === '' || host === 'localhost' ? [] : [host];
}

function lockViolations(): string[] {
  const text = projectFiles.find(({ path }) => path === 'package-lock.json')?.text ?? '{"packages":{}}';
  const lock = JSON.parse(text) as Parameters<typeof missingPlatformPackages>[0];
  const located = Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined);
  return [
    ...[...missingPlatformPackages(lock).keys()].map((key) => `${key} is missing: npm run lock`),
    ...located.map(([key]) => `${key} records where it was downloaded`),
  ];
}

describe('the checker', () => {
  const parse = (files: Record<string, string>) =>
    Object.entries(files).map(([path, text]) => parseSource({ path, text }));

  test('reports an import that the ladder does not allow, of any form', () => {
    const files = parse({
      'src/store/a.ts': [
        "import { x } from '../kinds/x.ts';",
        "import type { T } from '../client/t.ts';",
        "export * from '../lib/fine.ts';",
        "export { y } from '../kinds/y.ts';",
        "const late = await import('../apiserver/z.ts');",
        "new Worker(new URL('../service/worker.ts', import.meta.url));",
        "type Far = import('../kinds/far.ts').Far;",
      ].join('\n'),
      'src/store/a.test.ts': "import '../testing/world.ts';\nimport '../kinds/x.ts';",
      'src/unknown/b.ts': '',
      'src/main.ts': "import './store/a.ts';",
    });
    assert.deepEqual(ladderViolations(files, ladder), [
      'src/store/a.ts:1: src/store may not import src/kinds',
      'src/store/a.ts:2: src/store may not import src/client',
      'src/store/a.ts:4: src/store may not import src/kinds',
      'src/store/a.ts:5: src/store may not import src/apiserver',
      'src/store/a.ts:6: src/store may not import src/service',
      'src/store/a.ts:7: src/store may not import src/kinds',
      'src/store/a.test.ts:2: src/store may not import src/kinds',
      'src/unknown/b.ts: src/unknown is not in the ladder',
    ]);
  });

  test('reports an import without its extension', () => {
    const files = parse({ 'src/lib/a.ts': "import './b';\nimport './c.ts';\nimport 'node:fs';" });
    assert.deepEqual(extensionViolations(files), ["src/lib/a.ts:1: import of './b' does not end in .ts"]);
  });

  test('reports a cycle once, and only the cycle', () => {
    const files = parse({
      'src/lib/a.ts': "import './b.ts';",
      'src/lib/b.ts': "import './c.ts';",
      'src/lib/c.ts': "import type { B } from './b.ts';",
      'src/lib/d.ts': "import './a.ts';",
    });
    assert.deepEqual(cycleViolations(files), ['import cycle: src/lib/b.ts -> src/lib/c.ts -> src/lib/b.ts']);
  });

  test('reports banned globals, outside the places that make them', () => {
    const text = [
      'Date.now();',
      'const now = Date.now;',
      'new Date();',
      'new Date(5); socket.setTimeout(5); const fine = { setTimeout: 5 };',
      'setTimeout(() => {}, 5);',
      'globalThis.setInterval(() => {}, 5);',
      'Math.random();',
      "process.env.HOME; process.env['HOME']; process.exit();",
      "import { setTimeout as wait } from 'node:timers/promises';",
      'crypto.randomUUID();',
      'performance.now();',
      'queueMicrotask(() => {}); setImmediate(() => {}); // Date.now() in a comment, "Math.random()" in a text',
    ].join('\n');
    const files = parse({
      'src/store/a.ts': text,
      'src/lib/system.ts': text,
      'src/commands/server/server.ts': text,
    });
    assert.deepEqual(bannedViolations(files, mayUseGlobals), [
      'src/store/a.ts:1: Date.now is banned: take a Clock',
      'src/store/a.ts:2: Date.now is banned: take a Clock',
      'src/store/a.ts:3: new Date is banned: take a Clock',
      'src/store/a.ts:5: setTimeout is banned: take a Clock',
      'src/store/a.ts:6: globalThis.setInterval is banned: take a Clock',
      'src/store/a.ts:7: Math.random is banned: take a Random',
      'src/store/a.ts:8: process.env.HOME is banned: take an option',
      'src/store/a.ts:8: process.env is banned: take an option',
      'src/store/a.ts:9: setTimeout is banned: take a Clock',
      'src/store/a.ts:10: crypto.randomUUID is banned: take a Random',
      'src/store/a.ts:11: performance.now is banned: take a Clock',
      'src/store/a.ts:9: node:timers/promises is banned: take a Clock',
    ]);
  });

  test('reports files and functions that are too long, but no long test and nothing generated', () => {
    const body = '  x();\n'.repeat(70);
    const text = `const f = () => {\n${body}};\nclass C {\n  m() {\n${body}  }\n}\nfunction fits() {\n  x();\n}\n`;
    const files = parse({
      'src/lib/a.ts': text,
      'src/lib/a.test.ts': text,
      'src/lib/b.ts': '// line\n'.repeat(401),
      'src/kinds/generated/c.ts': '// line\n'.repeat(401),
    });
    assert.deepEqual(sizeViolations(files, limits), [
      'src/lib/a.ts:1: function f has 72 lines, at most 70',
      'src/lib/a.ts:74: function m has 72 lines, at most 70',
      'src/lib/b.ts: 401 lines, at most 400',
    ]);
  });

  test('reports tests that are left out', () => {
    const text = [
      "test.only('a', () => {});",
      "describe.skip('b', () => {});",
      "test('c', { skip: true }, () => {});",
      "test('d', { skip: 'no kubectl here' }, () => {});",
      "test('e', { only: true }, () => {});",
      "test('f', (t) => t.skip());",
      "test('g', (t) => t.skip('no root'));",
      "test('h', (t) => t.skip(reason));",
    ].join('\n');
    assert.deepEqual(skipViolations(parse({ 'src/lib/a.test.ts': text })), [
      'src/lib/a.test.ts:1: test.only leaves the other tests out',
      "src/lib/a.test.ts:2: describe.skip gives no reason: use { skip: 'why' }",
      'src/lib/a.test.ts:3: { skip: true } gives no reason',
      'src/lib/a.test.ts:5: { only: true } leaves the other tests out',
      'src/lib/a.test.ts:6: t.skip() gives no reason',
    ]);
  });

  test('reports logic without a test, and stale exceptions', () => {
    const files = parse({
      'src/lib/types.ts': 'export interface T { m(): void }',
      'src/lib/tested.ts': 'export function f() {}',
      'src/lib/tested.test.ts': "import './near.ts'; import '../kinds/far.ts';",
      'src/lib/near.ts': 'export function f() {}',
      'src/kinds/far.ts': 'export function f() {}',
      'src/lib/parts/one.ts': 'export function f() {}',
      'src/lib/untested.ts': 'export const f = () => 1;',
      'src/lib/listed.ts': 'export const f = () => 1;',
    });
    const exceptions = {
      'src/lib/listed.ts': 'by tested.test.ts',
      'src/lib/parts/': 'as a whole, by tested.test.ts',
      'src/lib/gone.ts': 'nowhere',
    };
    assert.deepEqual(missingTestViolations(files, exceptions), [
      'src/kinds/far.ts: no test beside it',
      'src/lib/untested.ts: no test beside it',
      'src/lib/gone.ts: listed as an exception but gone or tested',
    ]);
  });

  test('reports machine paths and registry hosts', () => {
    // Built at run time, so that this file itself stays clean.
    const slash = '/';
    const text = [
      `see ${slash}home/ada/notes`,
      'https://mirror.example.com/x',
      '~/.wherry/default is fine',
    ].join('\n');
    assert.deepEqual(machineViolations([{ path: 'README.md', text }], ['mirror.example.com']), [
      `README.md:1: machine path or registry host '${slash}home/ada/notes'`,
      "README.md:2: machine path or registry host 'mirror.example.com'",
    ]);
  });
});
