/** Asks the runtime for all it has of a pod, last words included. */
import type { ContainerStatus } from '../../cri/container-types.ts';
import { isNotFound } from '../../cri/errors.ts';
import type { ContainerRuntime } from '../../cri/runtime.ts';
import type { SandboxStatus } from '../../cri/sandbox-types.ts';
import { containerLabels, podLabels } from '../labels.ts';
import { type ObservedContainer, type ObservedPod, observedPod } from '../observed.ts';
import { readLogTail } from './log-tail.ts';
import type { PodFiles } from './pod-files.ts';

/** What is removed between being listed and being asked for was not there. */
async function unlessGone<T>(asked: Promise<T>): Promise<T[]> {
  try {
    return [await asked];
  } catch (failure) {
    if (isNotFound(failure)) return [];
    throw failure;
  }
}

export async function observePod(
  runtime: ContainerRuntime,
  uid: string,
  files: PodFiles,
): Promise<ObservedPod> {
  const labels = { [podLabels.uid]: uid };
  const [sandboxes, containers] = await Promise.all([
    runtime.sandboxes.list({ labels }),
    runtime.containers.list({ labels }),
  ]);
  const sandboxStatuses: SandboxStatus[] = (
    await Promise.all(sandboxes.map(({ id }) => unlessGone(runtime.sandboxes.status(id))))
  ).flat();
  const statuses: ContainerStatus[] = (
    await Promise.all(containers.map(({ id }) => unlessGone(runtime.containers.status(id))))
  ).flat();
  const observed = observedPod(sandboxStatuses, statuses);
  const policies = new Map(
    statuses.map(({ id, annotations }) => [id, annotations[containerLabels.terminationMessagePolicy]]),
  );
  const withWords = await Promise.all(
    observed.containers.map((container) =>
      withLastWords(container, { uid, files, policy: policies.get(container.id) }),
    ),
  );
  return { ...observed, containers: withWords };
}

/** Source: getTerminationMessage of kubelet/kuberuntime. */
async function withLastWords(
  container: ObservedContainer,
  from: { uid: string; files: PodFiles; policy: string | undefined },
): Promise<ObservedContainer> {
  if (container.state !== 'Exited') return container;
  let words = await from.files.readTermination(from.uid, container);
  if (words === '' && from.policy === 'FallbackToLogsOnError' && container.exitCode !== 0)
    words = await readLogTail(container.logPath);
  const message = [container.message, words].filter((text) => text !== '').join(': ');
  return { ...container, message };
}
