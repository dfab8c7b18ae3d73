/**
 * What is to be done so that a pod runs as its spec says: pure, from the pod, what the runtime has of it, and what probes
 * said. Source: computePodActions of kubelet/kuberuntime/kuberuntime_manager.go.
 */
import type { Container, Pod } from '../kinds/generated/types.ts';
import { containerHash } from './container-hash.ts';
import { ephemeralContainersOf, isSidecar } from './containers.ts';
import { graceSeconds } from './grace.ts';
import { newestContainer, type ObservedContainer, type ObservedPod } from './observed.ts';
import { type Kill, planInit } from './plan-init.ts';
import { checkSandbox, type SandboxVerdict } from './plan-sandbox.ts';
import type { KillContainer, KillReason, PodStep, ProbeResults, StartContainer } from './plan-types.ts';
import { restartsAfter, restartsOnFailure, restartsWhenKilled, shouldStart } from './restart.ts';

/** For a pod that is to run; one that is to end is `planEnd`'s. */
export function planPod(pod: Pod, observed: ObservedPod, probes: ProbeResults): PodStep[] {
  const sandbox = checkSandbox(pod, observed);
  if (!sandbox.keep) return planWithoutSandbox(pod, observed, sandbox);
  const init = planInit(pod, observed, probes);
  if (init.hasFailed) return [{ type: 'killPod', reason: 'InitContainerFailed' }];
  const ephemeral = ephemeralContainersOf(pod)
    .filter(({ container }) => newestContainer(observed, container.name) === undefined)
    .map(({ container }) => startStep(container, 'ephemeral', observed));
  const initStarts = init.start.map((container) =>
    startStep(container, isSidecar(container) ? 'sidecar' : 'init', observed),
  );
  const initKills = init.kill.map((kill) => killStep(pod, kill));
  if (!init.isInitialized) return [...initKills, ...ephemeral, ...initStarts];

  const apps = planApps(pod, observed, probes);
  const starts = apps.start.map((container) => startStep(container, 'app', observed));
  // Sidecars and debuggers alone do not keep a pod alive.
  if (apps.kept === 0 && starts.length === 0) return [{ type: 'killPod', reason: 'NothingToRun' }];
  const kills = apps.kill.map((kill) => killStep(pod, kill));
  return [...initKills, ...kills, ...ephemeral, ...initStarts, ...starts];
}

/** Everything of the old sandbox is killed, and initializing begins anew. */
function planWithoutSandbox(
  pod: Pod,
  observed: ObservedPod,
  verdict: SandboxVerdict & { keep: false },
): PodStep[] {
  const { attempt, replaces, reason } = verdict;
  const kill: PodStep[] = isAnythingLeft(observed) ? [{ type: 'killPod', reason }] : [];
  const hadItsChance = !restartsOnFailure(pod) && attempt !== 0 && observed.containers.length > 0;
  const apps = (pod.spec?.containers ?? []).filter((container) => {
    const latest = newestContainer(observed, container.name);
    if (container.restartPolicy !== undefined)
      return latest === undefined || startsAnew(pod, container, latest);
    return !hadItsChance && (pod.spec?.restartPolicy !== 'OnFailure' || !hasSucceeded(latest));
  });
  if (hadItsChance && apps.length === 0) return kill;
  const anyWasMade = (pod.spec?.containers ?? []).some(({ name }) => newestContainer(observed, name));
  if (apps.length === 0 && anyWasMade) return kill;
  const [init] = pod.spec?.initContainers ?? [];
  const create: PodStep = { type: 'createSandbox', attempt, replaces, reason };
  const starts =
    init === undefined
      ? apps.map((container) => startStep(container, 'app', observed))
      : [startStep(init, isSidecar(init) ? 'sidecar' : 'init', observed)];
  return [...kill, create, ...starts];
}

/** What runs is killed with its sandbox. */
const startsAnew = (pod: Pod, container: Container, { state, exitCode }: ObservedContainer): boolean =>
  state === 'Exited' ? restartsAfter(pod, container, exitCode) : restartsWhenKilled(pod, container);

const isAnythingLeft = ({ sandboxes, containers }: ObservedPod): boolean =>
  sandboxes.some(({ state }) => state === 'Ready') ||
  containers.some(({ state }) => state === 'Running' || state === 'Unknown');

const hasSucceeded = (status: ObservedContainer | undefined): boolean =>
  status?.state === 'Exited' && status.exitCode === 0;

interface AppPlan {
  /** How many run, and may go on. */
  readonly kept: number;
  readonly kill: readonly Kill[];
  readonly start: readonly Container[];
}

function planApps(pod: Pod, observed: ObservedPod, probes: ProbeResults): AppPlan {
  const kill: Kill[] = [];
  const start: Container[] = [];
  let kept = 0;
  for (const container of pod.spec?.containers ?? []) {
    const status = newestContainer(observed, container.name);
    if (status?.state !== 'Running') {
      if (!shouldStart(pod, container, observed)) continue;
      start.push(container);
      if (status?.state === 'Unknown')
        // It may run: two of the same must not.
        kill.push({
          target: status,
          container,
          reason: 'Unknown',
          message: 'Container is in "unknown" state, try killing it before restart',
        });
      continue;
    }
    const complaint = complaintOf(container, status, probes);
    if (complaint === undefined) {
      kept += 1;
      continue;
    }
    // Another image takes effect whatever the policy says.
    const restarts = complaint.reason === 'DefinitionChanged' || restartsWhenKilled(pod, container);
    if (restarts) start.push(container);
    const message = restarts ? `${complaint.message}, will be restarted` : complaint.message;
    kill.push({ target: status, container, reason: complaint.reason, message });
  }
  return { kept, kill, start };
}

/** Why a running container must not go on. */
function complaintOf(
  container: Container,
  status: ObservedContainer,
  probes: ProbeResults,
): { reason: KillReason; message: string } | undefined {
  const { name } = container;
  if (status.hash !== containerHash(container))
    return { reason: 'DefinitionChanged', message: `Container ${name} definition changed` };
  if (probes.liveness(status.id) === 'Failure')
    return { reason: 'LivenessProbe', message: `Container ${name} failed liveness probe` };
  if (probes.startup(status.id) === 'Failure')
    return { reason: 'StartupProbe', message: `Container ${name} failed startup probe` };
  return undefined;
}

function killStep(pod: Pod, { target, container, reason, message }: Kill): KillContainer {
  const seconds = graceSeconds(pod, container, reason);
  return { type: 'killContainer', id: target.id, name: target.name, reason, message, graceSeconds: seconds };
}

function startStep(
  container: Container,
  role: StartContainer['role'],
  observed: ObservedPod,
): StartContainer {
  const previous = newestContainer(observed, container.name);
  const restartCount = previous === undefined ? 0 : previous.restartCount + 1;
  return { type: 'startContainer', name: container.name, role, restartCount, previous };
}
