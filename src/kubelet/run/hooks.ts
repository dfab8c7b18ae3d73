/** Runs what a pod wants done after a container's start and before its end. Source: kubelet/lifecycle/handlers.go. */
import type { ContainerRuntime } from '../../cri/runtime.ts';
import type { Container, HTTPGetAction, LifecycleHandler, Pod } from '../../kinds/generated/types.ts';
import { type Clock, sleep } from '../../lib/clock.ts';
import { WherryError } from '../../lib/errors.ts';
import { podText } from '../containers.ts';

export interface HookTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  readonly podIP: string | undefined;
}

/** Makes a request and resolves when it was answered: whatever the answer, the hook has been heard. */
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

  /** Rejects with why it failed, in the words of the container's status. */
  async run(handler: LifecycleHandler, target: HookTarget): Promise<void> {
    const { exec, httpGet, sleep: pause } = handler;
    if (exec !== undefined) await this.#exec(exec.command ?? [], target);
    else if (httpGet !== undefined) await this.#get(httpGet, target);
    else if (pause !== undefined) await sleep(this.#clock, pause.seconds * 1000);
    // A tcpSocket is a shape without a meaning, here as upstream.
    else
      throw new HookError('HOOK_FAILED', `Cannot run handler: invalid handler: ${JSON.stringify(handler)}`);
  }

  async #exec(command: readonly string[], target: HookTarget): Promise<void> {
    const done = await this.#runtime.streams.execSync(target.containerId, command, 0);
    if (done.exitCode === 0) return;
    const why = `command '${command.join(' ')}' exited with ${done.exitCode}: ${done.stderr}`;
    const message = goQuoted(`${done.stdout}${done.stderr}`);
    throw new HookError(
      'HOOK_FAILED',
      `Exec lifecycle hook (${goList(command)}) ${forWhom(target)} failed - error: ${why}, message: ${message}`,
    );
  }

  async #get(action: HTTPGetAction, target: HookTarget): Promise<void> {
    const headers = (action.httpHeaders ?? []).map(({ name, value }) => [name, value]);
    try {
      await this.#request(httpUrl(action, target), Object.fromEntries(headers));
    } catch (cause) {
      const message = `HTTP lifecycle hook (${action.path ?? ''}) ${forWhom(target)} failed - error: ${(cause as Error).message}`;
      throw new HookError('HOOK_FAILED', message, { cause });
    }
  }
}

const goList = (words: readonly string[]): string => `[${words.join(' ')}]`;

/** As Go's %q: what JSON escapes, Go escapes alike. */
const goQuoted = (text: string): string => JSON.stringify(text);

const forWhom = ({ container, pod }: HookTarget): string =>
  `for Container "${container.name}" in Pod "${podText(pod)}"`;
