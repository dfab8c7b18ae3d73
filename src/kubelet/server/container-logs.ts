/** A container's log to whoever asked for it. Source: getContainerLogs of kubelet/server/server.go. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { ContainerStatus } from '../../cri/container-types.ts';
import { isNotFound } from '../../cri/errors.ts';
import type { Containers } from '../../cri/runtime.ts';
import type { Clock } from '../../lib/clock.ts';
import { containersOf } from '../containers.ts';
import type { PodLookup } from '../known-pods.ts';
import { errorCode } from '../logs/log-file.ts';
import { readLog } from '../logs/read-log.ts';
import { Refusal } from './answer.ts';
import { logQuery } from './log-query.ts';
import { logTarget } from './log-target.ts';

export interface LogServing {
  readonly pods: PodLookup;
  readonly containers: Pick<Containers, 'status'>;
  readonly clock: Clock;
}

export interface LogAsked {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly query: URLSearchParams;
}

/** Throws a Refusal before anything is sent; what fails after that is written behind what was sent, as upstream does. */
export async function serveContainerLogs(
  serving: LogServing,
  asked: LogAsked,
  { response, signal }: { response: ServerResponse; signal: AbortSignal },
): Promise<void> {
  const { pods, containers, clock } = serving;
  const { previous, ...request } = logQuery(asked.query, clock.now());
  const pod = pods.get(asked.namespace, asked.pod);
  if (pod === undefined) throw new Refusal(404, `pod "${asked.pod}" does not exist`);
  if (!containersOf(pod).some(({ container }) => container.name === asked.container))
    throw new Refusal(404, `container "${asked.container}" not found in pod "${asked.pod}"`);
  const target = logTarget(pod, asked.container, previous);
  const id = target.replace(/^[a-z-]+:\/\//, '');
  response.writeHead(200, { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' });
  // Whoever follows a container that says nothing is to know that it is followed.
  response.flushHeaders();
  const closed = new Promise<void>((resolve) => {
    response.once('close', resolve);
  });
  const write = async (bytes: Buffer) => {
    if (!response.write(bytes) && !response.destroyed) await Promise.race([once(response, 'drain'), closed]);
  };
  try {
    const status = await statusOf(containers, id, target);
    const isRunning = () => mayStillWrite(containers, id);
    await readLog({ path: status.logPath, clock, isRunning, signal, write }, request);
    response.end();
  } catch (failure) {
    response.end(wordsOf(failure));
  }
}

async function statusOf(
  containers: LogServing['containers'],
  id: string,
  target: string,
): Promise<ContainerStatus> {
  try {
    return await containers.status(id);
  } catch (cause) {
    throw new Error(`unable to retrieve container logs for ${target}`, { cause });
  }
}

/** A runtime that does not answer is being started again: its containers go on. */
async function mayStillWrite(containers: LogServing['containers'], id: string): Promise<boolean> {
  try {
    return (await containers.status(id)).state === 'Running';
  } catch (failure) {
    return !isNotFound(failure);
  }
}

function wordsOf(failure: unknown): string {
  const { path: file = '' } = failure as NodeJS.ErrnoException;
  if (errorCode(failure) === 'ENOENT')
    return `failed to try resolving symlinks in path "${file}": lstat ${file}: no such file or directory`;
  return failure instanceof Error ? failure.message : String(failure);
}
