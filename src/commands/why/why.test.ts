/** `wherry why` against a cluster in 127.0.0.0/8: real connections to real listeners, and broken in a dozen ways. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from '../../client/typed-client.ts';
import type { Deployment, Service, ServiceSpec } from '../../kinds/generated/types.ts';
import { systemClock } from '../../lib/system.ts';
import { type LoopbackCluster, startLoopbackCluster } from '../server/test-kit.ts';
import { UsageError } from '../usage-error.ts';
import { checkWhyOptions, type RawWhyOptions } from './options.ts';
import { contextNamespace, runWhy } from './why.ts';

// Other tests have a cluster in the same range: nobody else's pods listen on this port.
const podPort = 7171;

interface Said {
  readonly code: number;
  readonly text: string;
  readonly complaint: string;
}

let directory: string;
let cluster: LoopbackCluster;
let client: Client;
const undo: (() => Promise<unknown>)[] = [];

async function why(service: string, raw: Partial<RawWhyOptions> = {}): Promise<Said> {
  const given = { output: 'text', clusterDomain: 'cluster.local', kubeconfig: cluster.kubeconfig, ...raw };
  const options = checkWhyOptions(service, given, { environment: {}, home: directory });
  const said = { text: '', complaint: '' };
  const code = await runWhy(options, {
    write: (text) => {
      said.text += text;
    },
    complain: (text) => {
      said.complaint += text;
    },
  });
  return { code, ...said };
}

const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';

/** Clusters take a moment: asked until the answer is this one, or for long. */
async function saysAtLast(service: string, wanted: RegExp, raw: Partial<RawWhyOptions> = {}): Promise<Said> {
  const deadline = systemClock.monotonic() + 60_000;
  for (;;) {
    const said = await why(service, raw);
    if (wanted.test(lastLine(said.text)) || systemClock.monotonic() > deadline) {
      assert.match(lastLine(said.text), wanted, said.text);
      return said;
    }
    await wait(100);
  }
}

const deploymentOf = (
  name: string,
  spec: Partial<NonNullable<Deployment['spec']>> = {},
  annotations: Record<string, string> = {},
): Deployment => ({
  metadata: { name, namespace: 'default' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    ...spec,
    template: {
      metadata: { labels: { app: name }, annotations },
      spec: {
        containers: [{ name: 'main', image: 'web', ports: [{ name: 'http', containerPort: podPort }] }],
      },
    },
  },
});

const port = { port: 7080, targetPort: podPort };

const services: Record<string, ServiceSpec> = {
  web: { selector: { app: 'web' }, ports: [port] },
  'wrong-selector': { selector: { app: 'wbe' }, ports: [port] },
  'wrong-target-port': { selector: { app: 'web' }, ports: [{ port: 7080, targetPort: 7172 }] },
  'named-port-missing': { selector: { app: 'web' }, ports: [{ port: 7080, targetPort: 'htpp' }] },
  'not-ready': { selector: { app: 'never-ready' }, ports: [port] },
  'no-image': { selector: { app: 'no-image' }, ports: [port] },
  'scaled-to-zero': { selector: { app: 'scaled-to-zero' }, ports: [port] },
  paused: { selector: { app: 'paused' }, ports: [port] },
  'no-endpoints': { ports: [port] },
  headless: { clusterIP: 'None', selector: { app: 'web' }, ports: [{ port: podPort }] },
  'external-broken': { type: 'ExternalName', externalName: 'nowhere.default.svc.cluster.local' },
  external: { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' },
  'node-port': {
    type: 'NodePort',
    selector: { app: 'web' },
    ports: [{ ...port, nodePort: 29_071 }],
  },
  balanced: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ ...port, port: 7081 }] },
  pending: {
    type: 'LoadBalancer',
    loadBalancerIP: '192.0.2.1',
    selector: { app: 'web' },
    ports: [{ ...port, port: 7082 }],
  },
};

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-why-'));
  undo.push(() => rm(directory, { recursive: true }));
  cluster = await startLoopbackCluster({
    // Not the range of a cluster that somebody has on this machine, nor of another test.
    services: '127.98.0.0/16',
    nodes: '127.33.0.0/24',
    pods: '127.241.0.0/16',
    nodePorts: '29000-29100',
  });
  undo.push(() => cluster.stop());
  client = cluster.client;
  for (const deployment of [
    deploymentOf('web', { replicas: 2 }),
    deploymentOf('never-ready', {}, { 'sim.wherry.dev/never-ready': 'true' }),
    deploymentOf('no-image', {}, { 'sim.wherry.dev/image-missing': 'true' }),
    deploymentOf('scaled-to-zero', { replicas: 0 }),
    deploymentOf('paused', { paused: true }),
  ])
    await client.of('Deployment').create(deployment);
  for (const [name, spec] of Object.entries(services)) {
    const service: Service = { metadata: { name, namespace: 'default' }, spec };
    await client.of('Service').create(service);
  }
  await client.of('Namespace').create({ metadata: { name: 'shop' } });
});

after(async () => {
  for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
});

const cases: Record<string, { service?: string; raw?: Partial<RawWhyOptions>; says: RegExp; code: 0 | 1 }> = {
  'it answers': {
    service: 'web',
    says: /^Service default\/web answers: .* reaches 127\.98\.\S+:7080\/TCP\.$/,
    code: 0,
  },
  'a wrong selector': {
    service: 'wrong-selector',
    says: /app=wbe: pod \S+ has app=web \(NoMatchingPods\)/,
    code: 1,
  },
  'a wrong target port': {
    service: 'wrong-target-port',
    says: /nothing listens on port 7172 of pod web-\S+ at 127\.241\.\S+; it listens on [^(]*7171[^(]* \(TargetPortNotListening\): set targetPort to 7171\.$/,
    code: 1,
  },
  'a named port that is missing': {
    service: 'named-port-missing',
    says: /named htpp, .*\(they have http \(7171\/TCP\)\) \(NamedPortMissing\): did you mean targetPort http\?$/,
    code: 1,
  },
  'a pod that is not ready': {
    service: 'not-ready',
    says: /its only pod is not ready \(never-ready-/,
    code: 1,
  },
  'an image that is missing': {
    service: 'no-image',
    says: /\(ImageNotPulled\): look at "kubectl describe pod/,
    code: 1,
  },
  'no replicas': { service: 'scaled-to-zero', says: /is scaled to 0 \(ScaledToZero\)/, code: 1 },
  'a paused Deployment': {
    service: 'paused',
    says: /is paused and has made none \(DeploymentPaused\)/,
    code: 1,
  },
  'no selector, no endpoints': {
    service: 'no-endpoints',
    says: /nobody has given it endpoints \(NoEndpoints\)/,
    code: 1,
  },
  headless: {
    service: 'headless',
    says: /answers: 7171\/TCP: 2 of 2 endpoints accept connections\.$/,
    code: 0,
  },
  'an ExternalName': {
    service: 'external',
    says: /answers: web\.default\.svc\.cluster\.local is 127\.98\./,
    code: 0,
  },
  'an ExternalName that leads nowhere': {
    service: 'external-broken',
    says: /DNS does not resolve \(there is no such name\) \(ExternalNameNotResolved\)/,
    code: 1,
  },
  'a node port': { service: 'node-port', raw: { port: '29071' }, says: /answers: /, code: 0 },
  'a load balancer': { service: 'balanced', says: /answers: /, code: 0 },
  'a load balancer without an address': {
    service: 'pending',
    says: /does not answer from outside because it has no external address yet .*\(LoadBalancerPending\)/,
    code: 1,
  },
  'the target port asked for': {
    service: 'web',
    raw: { port: '7171' },
    says: /\(PortIsTargetPort\): dial port 7080\.$/,
    code: 1,
  },
  'another namespace': {
    service: 'web',
    raw: { namespace: 'shop' },
    says: /namespace shop has no Service web \(NoService\): there is one in namespace default: try -n default\.$/,
    code: 1,
  },
  'a namespace mistyped': {
    service: 'web',
    raw: { namespace: 'defualt' },
    says: /did you mean namespace default\?$/,
    code: 1,
  },
  'a name mistyped': { service: 'headles', says: /\(NoService\): did you mean headless\?$/, code: 1 },
  'the Service of DNS itself': {
    service: 'kube-dns',
    raw: { namespace: 'kube-system' },
    says: /answers: /,
    code: 0,
  },
};

describe('finds out', { timeout: 240_000 }, () => {
  for (const [name, { service = 'web', raw, says, code }] of Object.entries(cases))
    test(name, async () => {
      const said = await saysAtLast(`svc/${service}`, says, raw);
      assert.deepEqual([said.code, said.complaint], [code, '']);
    });

  test('the whole of what it prints', async () => {
    const { text } = await saysAtLast('web', /answers: /);
    const shown = text.replace(/127\.98\.\d+\.\d+/g, 'CLUSTER-IP').replace(/127\.241\.\d+\.\d+/g, 'POD-IP');
    assert.deepEqual(shown.split('\n'), [
      'Service default/web, looked at from this machine',
      '',
      'ok  service         it exists: ClusterIP CLUSTER-IP, port 7080/TCP -> 7171',
      'ok  pods            2 pods have app=web',
      'ok  readiness       2 pods are ready',
      'ok  endpoints       7080/TCP: POD-IP:7171 and POD-IP:7171',
      'ok  target port     7080/TCP: its pods declare 7171/TCP',
      'ok  listening       7080/TCP: 2 of 2 endpoints accept connections',
      '--  rules           skipped: a process forwards here, not the kernel',
      'ok  connection      this machine reaches CLUSTER-IP:7080/TCP',
      'ok  dns             web.default.svc.cluster.local is CLUSTER-IP',
      '',
      'Service default/web answers: this machine reaches CLUSTER-IP:7080/TCP.',
      '',
    ]);
  });

  test('for machines', async () => {
    const { text, code } = await why('services/scaled-to-zero', { output: 'json' });
    const { checks, sentence, ...rest } = JSON.parse(text);
    assert.equal(code, 1);
    assert.deepEqual(rest, {
      namespace: 'default',
      name: 'scaled-to-zero',
      node: 'node-1',
      verdict: 'broken',
      reason: 'ScaledToZero',
    });
    assert.match(sentence, /scale it up/);
    const broken = checks.filter(({ state }: { state: string }) => state === 'wrong');
    assert.deepEqual(broken[0], {
      name: 'pods',
      state: 'wrong',
      reason: 'ScaledToZero',
      text: 'Deployment scaled-to-zero, which makes its pods, is scaled to 0',
      remedy: 'scale it up with "kubectl scale deployment/scaled-to-zero --replicas=1"',
    });
  });

  test('a pod to look from that is not there', async () => {
    assert.deepEqual(await why('web', { from: 'default/shell' }), {
      code: 3,
      text: '',
      complaint: 'wherry: could not look: --from: namespace default has no pod shell\n',
    });
  });

  test('nothing, where no server answers', async () => {
    const text = await readFile(cluster.kubeconfig, 'utf8');
    const kubeconfig = join(directory, 'elsewhere');
    // Nobody listens on the first port of an address of this test's own.
    await writeFile(kubeconfig, text.replace(/https:\/\/[^\s"]+/, 'https://127.98.255.1:1'));
    const { code, complaint } = await why('web', { kubeconfig });
    assert.equal(code, 3);
    assert.match(complaint, /^wherry: could not look: the server .* does not answer .*ECONNREFUSED/);
    const missing = await why('web', { kubeconfig: join(directory, 'nowhere') });
    assert.equal(missing.code, 3);
  });
});

const mistakes: Record<string, [string, Partial<RawWhyOptions>, RegExp]> = {
  'no name': ['svc/', {}, /the Service is ""/],
  'another kind': ['deploy/web', {}, /the Service is "deploy\/web"/],
  'a format that is not there': ['web', { output: 'yaml' }, /--output is "yaml"; wanted is text or json/],
  'a port that cannot be': ['web', { port: '80/TCP' }, /--port is "80\/TCP"/],
  'a pod that cannot be': ['web', { from: 'a b' }, /--from is "a b"/],
  'a namespace that cannot be': ['web', { namespace: '../x' }, /--namespace is/],
};

for (const [name, [service, raw, message]] of Object.entries(mistakes))
  test(`a wrong command line: ${name}`, () => {
    const given = { output: 'text', clusterDomain: 'cluster.local', ...raw };
    assert.throws(
      () => checkWhyOptions(service, given, { environment: {}, home: '/nowhere' }),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  });

test("the kubeconfig's namespace", () => {
  const config = (namespace: string) =>
    `current-context: b\ncontexts:\n- name: a\n  context: {namespace: x}\n- name: b\n  context: {${namespace}}\n`;
  assert.equal(contextNamespace(config('namespace: shop')), 'shop');
  assert.equal(contextNamespace(config('cluster: c')), 'default');
  assert.equal(contextNamespace(''), 'default');
});
