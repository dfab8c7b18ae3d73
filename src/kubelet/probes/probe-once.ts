/** Asks a container once. Source of the words: kubernetes pkg/probe and kubelet/prober/prober.go. */
import { CriError } from '../../cri/errors.ts';
import type { ContainerRuntime } from '../../cri/runtime.ts';
import type { Container, Probe } from '../../kinds/generated/types.ts';
import { HookError, httpUrl, portNumber } from '../run/hooks.ts';
import type { Answer } from './verdict.ts';

export interface HttpAnswer {
  readonly status: number;
  /** Of a redirect that leads elsewhere, as much as an event shows. */
  readonly body?: string;
}

/** Talks to a pod. What fails rejects, in the words of the Event. */
export interface ProbeNetwork {
  /** Follows redirects within the same host; a certificate is not looked at. */
  http(
    url: string,
    options: { headers: Readonly<Record<string, string>>; milliseconds: number },
  ): Promise<HttpAnswer>;
  /** Connects and hangs up. */
  tcp(address: { host: string; port: number }, milliseconds: number): Promise<void>;
  /** grpc.health.v1: resolves to the serving status by its name: `SERVING`. */
  grpcHealth(address: { host: string; port: number; service: string }, milliseconds: number): Promise<string>;
}

export interface ProbeTarget {
  readonly container: Container;
  readonly containerId: string;
  readonly podIP: string | undefined;
}

/**
 * `output`: why it failed. `Warning`: it counts as a success, and something is to be said all the same. `Error`: the
 * container could not be asked at all, which counts for nothing.
 */
export type ProbeAnswer = { readonly answer: Answer | 'Warning' | 'Error'; readonly output: string };

export const outputCharactersMax = 10 * 1024;
const timeoutSecondsDefault = 1;

const yes: ProbeAnswer = { answer: 'Success', output: '' };
const no = (output: string): ProbeAnswer => ({
  answer: 'Failure',
  output: output.slice(0, outputCharactersMax),
});

export async function probeOnce(
  tools: { runtime: ContainerRuntime; network: ProbeNetwork },
  probe: Probe,
  target: ProbeTarget,
): Promise<ProbeAnswer> {
  const seconds = probe.timeoutSeconds ?? timeoutSecondsDefault;
  try {
    if (probe.exec !== undefined)
      return await execProbe(tools.runtime, { command: probe.exec.command ?? [], seconds, target });
    return await networkProbe(tools.network, probe, { target, milliseconds: seconds * 1000 });
  } catch (failure) {
    // A port that has no number: the spec's fault, not the container's.
    if (failure instanceof HookError) return { answer: 'Error', output: failure.message };
    throw failure;
  }
}

async function execProbe(
  runtime: ContainerRuntime,
  { command, seconds, target }: { command: readonly string[]; seconds: number; target: ProbeTarget },
): Promise<ProbeAnswer> {
  try {
    const done = await runtime.streams.execSync(target.containerId, command, seconds);
    return done.exitCode === 0 ? yes : no(`${done.stdout}${done.stderr}`);
  } catch (failure) {
    if (!(failure instanceof CriError)) throw failure;
    if (failure.code === 'DEADLINE_EXCEEDED')
      return no(`command timed out: "${command.join(' ')}" timed out after ${seconds}s`);
    return { answer: 'Error', output: failure.message };
  }
}

async function networkProbe(
  network: ProbeNetwork,
  { httpGet, tcpSocket, grpc }: Probe,
  { target, milliseconds }: { target: ProbeTarget; milliseconds: number },
): Promise<ProbeAnswer> {
  const { container, podIP = '' } = target;
  if (httpGet !== undefined) {
    const headers = (httpGet.httpHeaders ?? []).map(({ name, value }) => [name, value]);
    const url = httpUrl(httpGet, target);
    return answered(async () => {
      const { status, body = '' } = await network.http(url, {
        headers: Object.fromEntries(headers),
        milliseconds,
      });
      if (status < 200 || status >= 400) throw new Error(`HTTP probe failed with statuscode: ${status}`);
      if (status < 300) return yes;
      return { answer: 'Warning', output: `Probe terminated redirects, Response body: ${body}` };
    });
  }
  if (tcpSocket !== undefined) {
    const address = { host: tcpSocket.host || podIP, port: portNumber(container, tcpSocket.port) };
    return answered(async () => {
      await network.tcp(address, milliseconds);
      return yes;
    });
  }
  if (grpc === undefined) return { answer: 'Error', output: 'missing probe handler' };
  const address = { host: podIP, port: grpc.port, service: grpc.service ?? '' };
  return answered(async () => {
    const status = await network.grpcHealth(address, milliseconds);
    if (status !== 'SERVING') throw new Error(`service unhealthy (responded with "${status}")`);
    return yes;
  });
}

async function answered(ask: () => Promise<ProbeAnswer>): Promise<ProbeAnswer> {
  try {
    return await ask();
  } catch (failure) {
    return no((failure as Error).message);
  }
}
