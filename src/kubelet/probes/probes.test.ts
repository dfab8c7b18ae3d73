import assert from 'node:assert/strict';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { CriError } from '../../cri/errors.ts';
import type { ContainerRuntime, ExecResult } from '../../cri/runtime.ts';
import type { Probe } from '../../kinds/generated/types.ts';
import { createManualClock } from '../../lib/manual-clock.ts';
import { testContainer, testNow, testObserved, testObservedPod, testPod } from '../test-kit.ts';
import { grpcHealthCheck } from './grpc-health.ts';
import { probeNetwork } from './network.ts';
import { type ProbeNetwork, probeOnce } from './probe-once.ts';
import { Probes } from './probes.ts';
import { firstState, withAnswer } from './verdict.ts';

test('thresholds count answers in a row', () => {
  const probe = { successThreshold: 2, failureThreshold: 3 };
  const verdicts: unknown[] = [];
  let state = firstState;
  for (const letter of 'SSFFSFFFFSS') {
    state = withAnswer(state, letter === 'S' ? 'Success' : 'Failure', probe);
    verdicts.push(state.verdict?.[0] ?? '-');
  }
  assert.equal(verdicts.join(''), '-SSSSSSFFFS');
  assert.equal(withAnswer(firstState, 'Success', {}).verdict, 'Success');
  assert.equal(withAnswer(firstState, 'Failure', {}).verdict, undefined);
});

describe('asking once', () => {
  const network: ProbeNetwork = {
    http: async (url) => ({ status: Number(new URL(url).pathname.slice(1)), body: 'elsewhere' }),
    tcp: async ({ port }) => {
      if (port !== 80) throw new Error(`dial tcp 10.244.0.2:${port}: connect: connection refused`);
    },
    grpcHealth: async ({ service }) => service || 'SERVING',
  };
  const exec = async (_id: string, command: readonly string[]): Promise<ExecResult> => {
    if (command[0] === 'slow')
      throw new CriError('DEADLINE_EXCEEDED', { method: 'ExecSync', details: 'late' });
    if (command[0] === 'gone')
      throw new CriError('NOT_FOUND', { method: 'ExecSync', details: 'no container' });
    return {
      exitCode: command[0] === 'ok' ? 0 : 1,
      stdout: Buffer.from('out\n'),
      stderr: Buffer.from('err\n'),
    };
  };
  const runtime = { streams: { execSync: exec } } as unknown as ContainerRuntime;
  const container = testContainer('web', { ports: [{ name: 'http', containerPort: 80 }] });
  const of = async (probe: Probe) => {
    const target = { container, containerId: 'c', podIP: '10.244.0.2' };
    const { answer, output } = await probeOnce({ runtime, network }, probe, target);
    return `${answer} ${output}`.trim();
  };
  const cases: Record<string, [Probe, string]> = {
    'a command that succeeds': [{ exec: { command: ['ok'] } }, 'Success'],
    'a command that fails': [{ exec: { command: ['bad'] } }, 'Failure out\nerr'],
    'a command that takes too long': [
      { exec: { command: ['slow', 'one'] }, timeoutSeconds: 2 },
      'Failure command timed out: "slow one" timed out after 2s',
    ],
    'a container that is gone': [
      { exec: { command: ['gone'] } },
      'Error rpc error: code = NotFound desc = no container',
    ],
    'HTTP that answers well': [{ httpGet: { path: '/204', port: 'http' } }, 'Success'],
    'HTTP that redirects away': [
      { httpGet: { path: '/302', port: 80 } },
      'Warning Probe terminated redirects, Response body: elsewhere',
    ],
    'HTTP that answers badly': [
      { httpGet: { path: '/404', port: 80 } },
      'Failure HTTP probe failed with statuscode: 404',
    ],
    'a port without a number': [
      { tcpSocket: { port: 'none' } },
      `Error couldn't find port: "none" in container`,
    ],
    'TCP that listens': [{ tcpSocket: { port: 'http' } }, 'Success'],
    'TCP that does not': [
      { tcpSocket: { port: 81 } },
      'Failure dial tcp 10.244.0.2:81: connect: connection refused',
    ],
    'gRPC that serves': [{ grpc: { port: 1 } }, 'Success'],
    'gRPC that does not': [
      { grpc: { port: 1, service: 'NOT_SERVING' } },
      'Failure service unhealthy (responded with "NOT_SERVING")',
    ],
    'no way to ask': [{}, 'Error missing probe handler'],
  };
  for (const [name, [probe, wanted]] of Object.entries(cases))
    test(name, async () => assert.equal(await of(probe), wanted));
});

describe('the rhythm of probes', () => {
  function world() {
    const clock = createManualClock(testNow);
    const log: string[] = [];
    const answers: Record<string, number> = {};
    const probes = new Probes({
      clock,
      runtime: {} as ContainerRuntime,
      record: (_, { message }) => log.push(`event ${message}`),
      onChange: () => log.push('changed'),
      network: {
        http: async (url) => {
          const name = new URL(url).pathname.slice(1);
          log.push(`${name} at ${(clock.now() - testNow) / 1000}`);
          return { status: answers[name] ?? 200 };
        },
        tcp: async () => {},
        grpcHealth: async () => 'SERVING',
      },
    });
    const probe = (name: string, more: Probe = {}): Probe => ({
      httpGet: { path: name, port: 80 },
      periodSeconds: 5,
      ...more,
    });
    const running = testObservedPod([testObserved('web', 'running', { startedAt: testNow })]);
    const advance = async (seconds: number) => {
      for (let second = 0; second <= seconds; second++) {
        clock.advance(second === 0 ? 0 : 1000);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const take = () => log.splice(0);
    return { clock, probes, probe, running, answers, advance, take };
  }

  test('after the first delay, then in its period, until the container is another one', async () => {
    const { probes, probe, running, advance, take } = world();
    const pod = testPod({
      containers: [testContainer('web', { readinessProbe: probe('r', { initialDelaySeconds: 3 }) })],
    });
    probes.follow(pod, running);
    await advance(2);
    assert.deepEqual([take(), probes.readiness('web-0')], [[], undefined]);
    await advance(12);
    assert.deepEqual(take(), ['r at 3', 'changed', 'r at 8', 'r at 13']);
    assert.equal(probes.readiness('web-0'), 'Success');
    probes.follow(pod, testObservedPod([testObserved('web', 'exited 1')]));
    await advance(20);
    assert.deepEqual([take(), probes.readiness('web-0')], [[], undefined]);
  });

  test('liveness and readiness wait for startup, which is asked until it succeeds', async () => {
    const { probes, probe, running, answers, advance, take } = world();
    answers.s = 500;
    const container = testContainer('web', {
      startupProbe: probe('s'),
      livenessProbe: probe('l', { periodSeconds: 7 }),
    });
    probes.follow(testPod({ containers: [container] }), running);
    await advance(6);
    const failed = 'event Startup probe failed: HTTP probe failed with statuscode: 500';
    assert.deepEqual(take(), ['s at 0', failed, 's at 5', failed]);
    answers.s = 200;
    await advance(16);
    assert.deepEqual(take(), ['s at 10', 'changed', 'l at 14', 'changed', 'l at 21']);
  });

  test('who has started up is asked at once whether it is ready', async () => {
    const { probes, probe, running, answers, advance, take } = world();
    answers.s = 500;
    const container = testContainer('web', {
      startupProbe: probe('s', { periodSeconds: 1, failureThreshold: 60 }),
      readinessProbe: probe('r', { periodSeconds: 60 }),
    });
    probes.follow(testPod({ containers: [container] }), running);
    await advance(3);
    take();
    answers.s = 200;
    await advance(30);
    assert.deepEqual(take(), ['s at 4', 'changed', 'r at 4', 'changed']);
    probes.close();
  });

  test('one that fails is told, and not asked again before the container ends', async () => {
    const { probes, probe, running, answers, advance, take } = world();
    answers.l = 500;
    const container = testContainer('web', { livenessProbe: probe('l', { failureThreshold: 2 }) });
    const pod = testPod({ containers: [container] });
    probes.follow(pod, running);
    await advance(30);
    const failed = 'event Liveness probe failed: HTTP probe failed with statuscode: 500';
    assert.deepEqual(take(), ['l at 0', failed, 'l at 5', failed, 'changed']);
    assert.equal(probes.liveness('web-0'), 'Failure');
    probes.forget('uid-1');
    assert.equal(probes.liveness('web-0'), undefined);
  });

  test('what an earlier kubelet found out holds until this one finds otherwise', async () => {
    const { probes, probe, running, answers, advance, take } = world();
    const container = testContainer('web', {
      startupProbe: probe('s'),
      readinessProbe: probe('r', { failureThreshold: 2 }),
    });
    const pod = testPod({ containers: [container] });
    const before = (containerID: string, holds: 'True' | 'False') => ({
      conditions: [{ type: 'Ready', status: holds }],
      containerStatuses: [
        {
          ...{ name: 'web', image: 'web', imageID: '', restartCount: 0, containerID },
          ...{ started: true, ready: true, state: { running: {} } },
        },
      ],
    });
    answers.r = 500;
    probes.follow({ ...pod, status: before('containerd://web-0', 'True') }, running);
    assert.deepEqual([probes.startup('web-0'), probes.readiness('web-0')], ['Success', 'Success']);
    await advance(4);
    assert.equal(probes.readiness('web-0'), 'Success');
    await advance(2);
    assert.equal(probes.readiness('web-0'), 'Failure');
    const failed = 'event Readiness probe failed: HTTP probe failed with statuscode: 500';
    assert.deepEqual(take(), ['r at 0', failed, 'r at 5', failed, 'changed']);
    probes.forget('uid-1');
    // Its node was away: it is ready again when it says so itself.
    probes.follow({ ...pod, status: before('containerd://web-0', 'False') }, running);
    assert.deepEqual([probes.startup('web-0'), probes.readiness('web-0')], ['Success', undefined]);
    probes.forget('uid-1');
    // That was another container.
    probes.follow({ ...pod, status: before('containerd://other', 'True') }, running);
    assert.deepEqual([probes.startup('web-0'), probes.readiness('web-0')], [undefined, undefined]);
    probes.close();
  });

  test('a pod that ends is asked whether it is ready, and nothing else', async () => {
    const { probes, probe, running, advance, take } = world();
    const container = testContainer('web', { livenessProbe: probe('l'), readinessProbe: probe('r') });
    probes.follow(
      testPod({ containers: [container] }, { metadata: { deletionTimestamp: '2026-01-01T12:00:00Z' } }),
      running,
    );
    await advance(2);
    assert.deepEqual(take(), ['r at 0', 'changed']);
    probes.close();
    await advance(20);
    assert.deepEqual(take(), []);
  });
});

describe('over the loopback', () => {
  const network = probeNetwork(grpcHealthCheck(() => Date.now()));
  const listen = async (t: TestContext, server: net.Server): Promise<number> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    return (server.address() as AddressInfo).port;
  };
  const closedPort = async (): Promise<number> => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
  };
  const milliseconds = 30_000;

  test('HTTP', async (t) => {
    const seen: string[] = [];
    const server = http.createServer((request, response) => {
      seen.push(
        `${request.method} ${request.url} ${request.headers['user-agent']} ${request.headers['x-own']}`,
      );
      const elsewhere = request.url === '/away' ? 'http://elsewhere.invalid/' : '/ok';
      if (request.url === '/ok') response.end('fine');
      else if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end();
      else if (request.url === '/hang') return;
      else response.writeHead(302, { location: elsewhere }).end('moved');
    });
    t.after(() => server.closeAllConnections());
    const at = `http://127.0.0.1:${await listen(t, server)}`;
    const ask = (path: string, wait = milliseconds) =>
      network.http(`${at}${path}`, { headers: { 'X-Own': 'yes' }, milliseconds: wait });
    assert.deepEqual(await ask('/near'), { status: 200 });
    assert.deepEqual(seen, ['GET /near kube-probe/1.36 yes', 'GET /ok kube-probe/1.36 yes']);
    assert.deepEqual(await ask('/away'), { status: 302, body: 'moved' });
    await assert.rejects(ask('/loop'), { message: `Get "${at}/loop": stopped after 10 redirects` });
    await assert.rejects(ask('/hang', 50), {
      message: `Get "${at}/hang": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    });
    const closed = await closedPort();
    await assert.rejects(network.http(`http://127.0.0.1:${closed}/`, { headers: {}, milliseconds }), {
      message: `Get "http://127.0.0.1:${closed}/": dial tcp 127.0.0.1:${closed}: connect: connection refused`,
    });
  });

  test('TCP', async (t) => {
    const port = await listen(t, net.createServer());
    await network.tcp({ host: '127.0.0.1', port }, milliseconds);
    const closed = await closedPort();
    await assert.rejects(network.tcp({ host: '127.0.0.1', port: closed }, milliseconds), {
      message: `dial tcp 127.0.0.1:${closed}: connect: connection refused`,
    });
  });

  test('gRPC health', async (t) => {
    const server = new Server();
    const identity = (value: Buffer) => value;
    const asked: string[] = [];
    server.addService(
      {
        Check: {
          path: '/grpc.health.v1.Health/Check',
          requestStream: false,
          responseStream: false,
          requestSerialize: identity,
          requestDeserialize: identity,
          responseSerialize: identity,
          responseDeserialize: identity,
        },
      },
      {
        Check: (call: { request: Buffer }, answer: (failure: null, bytes: Buffer) => void) => {
          const service = call.request.subarray(2).toString();
          asked.push(service);
          answer(null, Buffer.from([0x08, service === 'sick' ? 2 : 1]));
        },
      },
    );
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (failure, bound) =>
        failure === null ? resolve(bound) : reject(failure),
      ),
    );
    t.after(() => server.forceShutdown());
    const ask = (service: string, at = port) =>
      network.grpcHealth({ host: '127.0.0.1', port: at, service }, milliseconds);
    assert.deepEqual([await ask(''), await ask('sick')], ['SERVING', 'NOT_SERVING']);
    assert.deepEqual(asked, ['', 'sick']);
    const closed = await closedPort();
    await assert.rejects(ask('', closed), {
      message: `timeout: failed to connect service "127.0.0.1:${closed}" within 30s: context deadline exceeded`,
    });
  });
});
