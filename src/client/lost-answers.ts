/**
 * What became of writes that nobody answered: the server is asked until it says. Before that nobody knows what the cache
 * must have seen, so before that the key is not reconciled again. Upstream's expectations would count such a create as
 * failed, and make another.
 */
import type { KubeObject } from '../kinds/object.ts';
import { StatusError } from '../kinds/status.ts';
import { type Clock, sleep } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { backoffMilliseconds } from './backoff.ts';
import type {
  CreateChange,
  CreateSubresourceChange,
  DeleteChange,
  EventText,
  PatchChange,
  UpdateChange,
} from './change.ts';
import { type KindName, kindNamed } from './kind-names.ts';
import { lostAnswerBackoff } from './limits.ts';
import { keyOf, splitKey } from './object-key.ts';
import { TransportError } from './transport.ts';
import type { Client } from './typed-client.ts';
import type { Written } from './written.ts';

/** Creates have their name here, drawn or given. */
export type UnknownWrite = CreateChange | CreateSubresourceChange | DeleteChange | PatchChange | UpdateChange;

export interface AskContext {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly record: (event: EventText) => void;
}

export interface Found {
  readonly written: readonly Written[];
  /** Creates of which there is nothing, yet: a request on its way may still arrive. */
  readonly absent: readonly CreateChange[];
}

/** No answer, or one that does not say whether it was done: 500 and above may come after the commit. */
export const isUnknown = (error: unknown): boolean =>
  error instanceof TransportError || (error instanceof StatusError && error.httpCode >= 500);

/** Ends when the server has answered for each, or the signal has aborted. Never throws. */
export async function askAfter(writes: readonly UnknownWrite[], context: AskContext): Promise<Found> {
  const found = await Promise.all(writes.map((write) => askAfterOne(write, context)));
  return {
    written: found.flatMap(({ written }) => written),
    absent: found.flatMap(({ absent }) => absent),
  };
}

const nothing: Found = { written: [], absent: [] };

/** What the server has of it now; `unreadable`: it does not let us look, or the signal has aborted. */
export async function askFor(
  kind: KindName,
  key: string,
  { client, clock, random, signal }: Omit<AskContext, 'record'>,
): Promise<KubeObject | 'gone' | 'unreadable'> {
  const of = client.ofKind<KubeObject>(kindNamed(kind));
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      return await of.get(splitKey(key), { signal });
    } catch (error) {
      if (error instanceof StatusError && error.httpCode === 404) return 'gone';
      if (error instanceof StatusError && error.httpCode < 500 && error.httpCode !== 429) return 'unreadable';
    }
    await sleep(clock, backoffMilliseconds(lostAnswerBackoff, attempt, random), signal);
  }
  return 'unreadable';
}

async function askAfterOne(write: UnknownWrite, context: AskContext): Promise<Found> {
  const key = 'object' in write ? keyOf(write.object) : write.key;
  const object = await askFor(write.kind, key, context);
  // What may not be read cannot be seen by the cache either.
  if (object === 'unreadable') return nothing;
  if (object === 'gone') return goneAs(write, key);
  if (write.type === 'create' && write.onSuccess) context.record(named(write.onSuccess, object));
  return { written: writtenAs(write, key, object), absent: [] };
}

const named = (text: EventText, { metadata }: KubeObject): EventText => ({
  ...text,
  message: text.message.replaceAll('{name}', () => metadata.name ?? ''),
});

/** The object as it is now holds whatever the write did to it, or shows that it did nothing. */
function writtenAs(write: UnknownWrite, key: string, { metadata }: KubeObject): Written[] {
  const uid = write.type === 'delete' ? write.options.preconditions?.uid : undefined;
  if (uid !== undefined && uid !== metadata.uid) return [{ kind: write.kind, gone: { key, uid } }];
  return [{ kind: write.kind, revision: Number(metadata.resourceVersion ?? 0) }];
}

function goneAs(write: UnknownWrite, key: string): Found {
  if (write.type === 'create') return { written: [], absent: [write] };
  const uid = write.type === 'delete' ? write.options.preconditions?.uid : undefined;
  return { written: [{ kind: write.kind, gone: { key, uid } }], absent: [] };
}
