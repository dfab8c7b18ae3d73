/** What a watcher has seen over all restarts, checked as it comes in: each event once, in order, fitting the one before. */
import type { ApiObject } from './api.ts';
import type { Change, Happened, State } from './ledger.ts';

export interface SeenEvent {
  readonly type: Change;
  readonly key: string;
  readonly revision: number;
  readonly token: string;
  readonly holds: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export const tokenAnnotation = 'crash-test/token';

/** `default/web`; a cluster's own object has its name alone. */
export function keyOf({ metadata: { namespace, name } }: ApiObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

export function stateOf(object: ApiObject): State {
  const { spec, metadata } = object;
  const ports = (spec?.ports ?? []).flatMap(({ nodePort }) =>
    nodePort === undefined ? [] : [`${nodePort}`],
  );
  return {
    token: metadata.annotations?.[tokenAnnotation] ?? '',
    revision: Number(metadata.resourceVersion),
    holds: spec?.clusterIP === undefined ? ports : [spec.clusterIP, ...ports],
  };
}

export class EventLog {
  readonly name: string;
  readonly events: SeenEvent[] = [];
  readonly state = new Map<string, SeenEvent>();
  readonly faults: string[] = [];
  /** The last one seen: a watch resumes from here. */
  revision: number;
  readonly #holders = new Map<string, string>();

  /** `initial` is what a list showed at `revision`. */
  constructor(name: string, revision: number, initial: readonly ApiObject[]) {
    this.name = name;
    this.revision = revision;
    for (const object of initial) this.#keep(eventOf('ADDED', object));
  }

  /** A whole line of the watch. */
  take(line: string): void {
    const { type, object } = JSON.parse(line) as { type: string; object: ApiObject };
    if (type === 'BOOKMARK') {
      const revision = Number(object.metadata.resourceVersion);
      if (revision < this.revision) this.#fault(`a bookmark of ${revision} after ${this.revision}`);
      this.revision = Math.max(revision, this.revision);
    } else if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED')
      this.#take(eventOf(type, object));
    else this.#fault(`${line} after ${this.revision}`);
  }

  #take(event: SeenEvent): void {
    const { type, key, revision } = event;
    if (revision <= this.revision)
      this.#fault(`${type} ${key} with revision ${revision}, not above ${this.revision}`);
    if (this.state.has(key) !== (type !== 'ADDED'))
      this.#fault(`${type} ${key} at ${revision}, which was ${type === 'ADDED' ? 'there' : 'not there'}`);
    this.revision = Math.max(revision, this.revision);
    this.events.push(event);
    this.#keep(event);
  }

  /** Nothing is ever held by two at once. */
  #keep(event: SeenEvent): void {
    const { type, key, revision } = event;
    for (const held of this.state.get(key)?.holds ?? [])
      if (this.#holders.get(held) === key) this.#holders.delete(held);
    this.state.delete(key);
    if (type === 'DELETED') return;
    this.state.set(key, event);
    for (const held of event.holds) {
      const other = this.#holders.get(held);
      if (other !== undefined)
        this.#fault(
          `${held} was given to ${key} at ${revision}, and ${other} has it since ${this.state.get(other)?.revision}`,
        );
      this.#holders.set(held, key);
    }
  }

  #fault(text: string): void {
    this.faults.push(`watch of ${this.name}: ${text}`);
  }
}

function eventOf(type: Change, object: ApiObject): SeenEvent {
  return { type, key: keyOf(object), labels: object.metadata.labels ?? {}, ...stateOf(object) };
}

/** What a watcher with a selector must have seen of these events. */
export function selectEvents(
  events: readonly SeenEvent[],
  matches: (event: SeenEvent) => boolean,
): SeenEvent[] {
  const shown = new Map<string, SeenEvent>();
  return events.flatMap((event): SeenEvent[] => {
    const before = shown.get(event.key);
    if (event.type !== 'DELETED' && matches(event)) {
      shown.set(event.key, event);
      return [{ ...event, type: before === undefined ? 'ADDED' : 'MODIFIED' }];
    }
    shown.delete(event.key);
    return before === undefined ? [] : [{ ...before, type: 'DELETED', revision: event.revision }];
  });
}

/** Compares what happened to an object by its writer's word with what a watcher saw of it. */
export function compareHistory(
  key: string,
  happened: readonly Happened[],
  seen: readonly SeenEvent[],
): string[] {
  const tell = (one: Happened | SeenEvent | undefined) =>
    one === undefined ? 'nothing' : `${one.type} ${one.token} at ${one.revision} holding [${one.holds}]`;
  for (let index = 0; index < Math.max(happened.length, seen.length); index++) {
    const [was, is] = [happened[index], seen[index]];
    const same =
      was !== undefined &&
      is !== undefined &&
      was.type === is.type &&
      was.token === is.token &&
      (was.revision === undefined || was.revision === is.revision) &&
      `${was.holds}` === `${is.holds}`;
    if (!same) return [`${key}: ${tell(was)} was written, ${tell(is)} was seen by the watch`];
  }
  return [];
}
