/** Where the runtime waits for a stream that was asked for. Source: GetExec, GetAttach, GetPortForward of the kubelet. */
import type { Container } from '../../cri/container-types.ts';
import { CriError } from '../../cri/errors.ts';
import type { ContainerRuntime } from '../../cri/runtime.ts';
import type { Pod } from '../../kinds/generated/types.ts';
import type { PodLookup } from '../known-pods.ts';
import { containerLabels, podLabels } from '../labels.ts';
import { Refusal } from './answer.ts';
import { serverLimits } from './limits.ts';
import { forwardedPorts, streamOptions } from './stream-query.ts';

export interface StreamAsked {
  readonly action: 'exec' | 'attach' | 'portForward';
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string | undefined;
  /** Of exec and attach. */
  readonly container: string;
  readonly query: URLSearchParams;
  /** Which protocol the connection is to become: `SPDY/3.1`, `websocket`. */
  readonly upgrade: string;
}

export interface StreamServing {
  readonly pods: PodLookup;
  readonly runtime: Pick<ContainerRuntime, 'containers' | 'sandboxes' | 'streams'>;
}

/** Throws a Refusal. */
export async function streamAddress(serving: StreamServing, asked: StreamAsked): Promise<string> {
  const { streams } = serving.runtime;
  if (asked.action === 'portForward') {
    const ports = forwardedPorts(asked.query, asked.upgrade);
    const sandboxId = await sandboxOf(serving, podOf(serving.pods, asked));
    return refusedAsHttp(streams.portForward(sandboxId, ports));
  }
  const options = streamOptions(asked.query);
  const pod = podOf(serving.pods, asked);
  const containerId = await runningContainer(serving, pod, asked);
  if (asked.action === 'attach') return refusedAsHttp(streams.attach({ containerId, ...options }));
  return refusedAsHttp(streams.exec({ containerId, command: asked.query.getAll('command'), ...options }));
}

export function podOf(pods: PodLookup, asked: Pick<StreamAsked, 'namespace' | 'pod' | 'uid'>): Pod {
  const pod = pods.get(asked.namespace, asked.pod);
  if (pod === undefined) throw new Refusal(404, 'pod does not exist');
  if (asked.uid !== undefined && pod.metadata.uid !== asked.uid) throw new Refusal(404, 'pod not found');
  return pod;
}

const newest = <Item extends { createdAt: number; metadata: { attempt: number } }>(
  items: readonly Item[],
): Item | undefined =>
  [...items].sort(
    (left, right) => right.createdAt - left.createdAt || right.metadata.attempt - left.metadata.attempt,
  )[0];

/** Its id. Two actions have two ways to say that there is none. */
export async function runningContainer(
  { runtime }: StreamServing,
  pod: Pod,
  { container: name, action }: Pick<StreamAsked, 'container'> & { action?: StreamAsked['action'] },
): Promise<string> {
  const labels = { [podLabels.uid]: pod.metadata.uid ?? '', [containerLabels.name]: name };
  const found: Container | undefined = newest(
    await refusedAsHttp(runtime.containers.list({ labels, state: 'Running' })),
  );
  if (found === undefined && action === 'attach')
    throw new Refusal(
      500,
      `container ${name} not found in pod ${pod.metadata.name}_${pod.metadata.namespace}`,
    );
  if (found === undefined) throw new Refusal(500, `container not found ("${name}")`);
  return found.id;
}

async function sandboxOf({ runtime }: StreamServing, { metadata }: Pod): Promise<string> {
  const labels = { [podLabels.uid]: metadata.uid ?? '' };
  const found = newest(await refusedAsHttp(runtime.sandboxes.list({ labels, state: 'Ready' })));
  if (found === undefined) throw new Refusal(500, `pod not found ("${metadata.name}_${metadata.namespace}")`);
  return found.id;
}

/** Source: WriteError of cri-streaming. */
async function refusedAsHttp<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (failure) {
    if (!(failure instanceof CriError)) throw failure;
    if (failure.code === 'NOT_FOUND') throw new Refusal(404, failure.message);
    if (failure.code !== 'RESOURCE_EXHAUSTED') throw new Refusal(500, failure.message);
    throw new Refusal(429, failure.message, { 'retry-after': String(serverLimits.retryAfterSeconds) });
  }
}
