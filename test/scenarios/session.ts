/** One simulated cluster that a scenario speaks to. */

import type { Kind } from '../../src/kinds/kind.ts';
import type { AnyObject, KubeObject } from '../../src/kinds/object.ts';
import { kinds } from '../../src/kinds/registry.ts';
import { checkInvariants, watchInvariants } from '../../src/testing/invariants.ts';
import { type Component, type Simulation, startSimulation } from '../../src/testing/simulation.ts';
import { type FollowedWorld, followWorld, type WorldChange } from '../../src/testing/world.ts';

export interface SessionOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly components: readonly Component[];
}

export class Session {
  readonly simulation: Simulation;
  readonly world: FollowedWorld;
  readonly #watched: { readonly violations: readonly { invariant: string; message: string }[] };
  readonly #start: number;
  /** What has changed in the kinds that are watched, as lines, since they were last shown. */
  #lines: string[] = [];
  #unwatch: (() => void)[] = [];

  private constructor(simulation: Simulation, world: FollowedWorld) {
    this.simulation = simulation;
    this.world = world;
    this.#start = simulation.clock.now();
    this.#watched = watchInvariants(world);
  }

  static async open({ seed, nodes, components }: SessionOptions): Promise<Session> {
    const removeNotReadyTaint = !components.some(({ name }) => name === 'controllers');
    const simulation = await startSimulation({
      seed,
      nodes,
      components,
      nodeOptions: { removeNotReadyTaint },
    });
    const { store, clock } = simulation;
    return new Session(simulation, await followWorld({ store, clock, nodes: () => simulation.nodes }));
  }

  /** From now on, every change of what `kubectl get` shows of a kind becomes a line. */
  watch(kind: Kind): void {
    const resource = `${kind.group === '' ? 'core' : kind.group}/${kind.plural}`;
    const take = (change: WorldChange) => {
      if (change.resource !== resource) return;
      const row = (object: AnyObject | undefined) =>
        object === undefined ? 'gone' : rowOf(kind, object, change.at);
      const now = row(change.object);
      if (change.old !== undefined && row(change.old) === now) return;
      const name = (change.object ?? change.old)?.metadata.name;
      const seconds = (change.at - this.#start) / 1000;
      this.#lines.push(`${`+${seconds}s`.padEnd(8)} ${kind.singular ?? kind.plural}/${name}  ${now}`);
    };
    this.#unwatch.push(this.world.onChange(take));
  }

  unwatch(): void {
    for (const stop of this.#unwatch.splice(0)) stop();
  }

  takeLines(): string[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  /** Sends a request as kubectl would; a failure is thrown as kubectl prints it. */
  async call(
    method: string,
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<AnyObject> {
    const response = await this.simulation.transport.send({
      method,
      url,
      headers: { 'content-type': 'application/json', 'user-agent': 'kubectl/v1.36.0', ...headers },
      ...(body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) }),
    });
    const answer = JSON.parse(Buffer.from(response.body as Uint8Array).toString()) as AnyObject & {
      message?: string;
      reason?: string;
    };
    if (response.status < 300) return answer;
    throw new Error(`Error from server (${answer.reason}): ${answer.message}`);
  }

  violations(isSettled: boolean): string[] {
    const found = [...this.#watched.violations, ...checkInvariants(this.world, { isSettled })];
    return [...new Set(found.map(({ invariant, message }) => `${invariant}: ${message}`))];
  }

  async close(): Promise<void> {
    this.unwatch();
    this.world.close();
    await this.simulation.close();
  }
}

/** `core/pods` -> the kind that is stored there. */
export const kindOfResource = (resource: string): Kind | undefined =>
  kinds.find(
    ({ group, plural, storedAs }) =>
      storedAs === undefined && `${group === '' ? 'core' : group}/${plural}` === resource,
  );

/** What `kubectl get` shows beside name and age. */
export function rowOf(kind: Kind, object: AnyObject, now: number): string {
  const columns = (kind.columns ?? []).filter(
    ({ name, priority }) => name !== 'Name' && name !== 'Age' && !priority,
  );
  return columns.map(({ of }) => String(of(object as never, now))).join(' ');
}

/** The kind of an object that says it. */
export function kindOf(object: KubeObject): Kind {
  const { apiVersion = '', kind = '' } = object;
  const found = kinds.find(
    (each) =>
      each.kind === kind && [each.group, each.version].filter((part) => part !== '').join('/') === apiVersion,
  );
  if (found === undefined) throw new Error(`no matches for kind "${kind}" in version "${apiVersion}"`);
  return found;
}
