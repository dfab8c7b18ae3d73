/** Runs what a pod wants done after a container's start and before its end. Source: kubelet/lifecycle/handlers.go. */
import type { ContainerRuntime } from '../../cri/runtime.ts';
import type { Container, HTTPGetAction, LifecycleHandler } from '../../kinds/generated/types.ts';
import { type Clock, sleep } from '../../lib/clock.ts';
import { WherryError } from '../../lib/errors.ts';

export interface HookTarget {
  readonly container: Container;
  readonly containerId: string;
  readonly podIP: string | undefined;
}

/** Makes a request and resolves when it was answered with a success. */
export type HookRequest = (url: string, headers: Readonly<Record<string, string>>) => Promise<void>;

export class HookError extends WherryError {}

/** By its number, or the name that the container gives it. */
export function portNumber(container: Container, port: number | string): number {
  const number = Number(port);
  if (Number.isInteger(number) && number > 0) return number;
  const named = container.ports?.find(({ name }) => name === port);
  if (named === undefined) throw new HookError('HOOK_FAILED', `couldn't find port: "${port}" in container`);
  return named.containerPort;
}

const hostText = (host: string): string => (host.includes(':') ? `[${host}]` : host);

export function httpUrl(action: HTTPGetAction, target: Pick<HookTarget, 'container' | 'podIP'>): string {
  const host = action.host || target.podIP;
  if (host === undefined || host === '') throw new HookError('HOOK_FAILED', 'the pod has no address');
  const path = (action.path ?? '').replace(/^\/?/, '/');
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  return `${scheme}://${hostText(host)}:${portNumber(target.container, action.port)}${path}`;
}

export class HookRunner {
  readonly #runtime: ContainerRuntime;
  readonly #clock: Clock;
  readonly #request: HookRequest;

  constructor(options: { runtime: ContainerRuntime; clock: Clock; request: HookRequest }) {
    this.#runtime = options.runtime;
    this.#clock = options.clock;
    this.#request = options.request;
  }

  /** Rejects with why it failed, in the words of the Event. */
  async run(handler: LifecycleHandler, target: HookTarget): Promise<void> {
    const { exec, httpGet, sleep: pause } = handler;
    if (exec !== undefined) {
      const command = exec.command ?? [];
      const done = await this.#runtime.streams.execSync(target.containerId, command, 0);
      if (done.exitCode !== 0)
        throw new HookError(
          'HOOK_FAILED',
          `Exec lifecycle hook (${goList(command)}) for Container "${target.container.name}" failed - error: command '${command.join(' ')}' exited with ${done.exitCode}: ${done.stderr}, message: "${done.stdout}${done.stderr}"`,
        );
    } else if (httpGet !== undefined) {
      const headers = (httpGet.httpHeaders ?? []).map(({ name, value }) => [name, value]);
      await this.#request(httpUrl(httpGet, target), Object.fromEntries(headers));
    } else if (pause !== undefined) {
      await sleep(this.#clock, pause.seconds * 1000);
    }
  }
}

const goList = (words: readonly string[]): string => `[${words.join(' ')}]`;
