/** The small function that carries out what reconciles want. */
import type { KubeObject } from '../kinds/object.ts';
import { StatusError } from '../kinds/status.ts';
import type {
  Change,
  CreateChange,
  CreateSubresourceChange,
  DeleteChange,
  DeleteCollectionChange,
  EventText,
  PatchChange,
  RequireAbsentChange,
  UpdateChange,
} from './change.ts';
import { kindNamed } from './kind-names.ts';
import { writesAtOnceMax } from './limits.ts';
import { isUnknown, type UnknownWrite } from './lost-answers.ts';
import type { Naming } from './naming.ts';
import { splitKey } from './object-key.ts';
import { sendCreate } from './send-create.ts';
import type { Client, KindClient } from './typed-client.ts';
import type { Written } from './written.ts';

export interface ApplyContext {
  readonly client: Client;
  readonly record: (event: EventText) => void;
  readonly signal: AbortSignal;
  /** Of creates with a generateName. */
  readonly naming: Naming;
}

export interface Outcome {
  readonly written: readonly Written[];
  /** Nobody has said whether they were done. */
  readonly unknown: readonly UnknownWrite[];
  /** Why it stopped before the end. */
  readonly error?: unknown;
  readonly requeueAfterMilliseconds?: number;
}

type WriteChange =
  | CreateChange
  | CreateSubresourceChange
  | UpdateChange
  | PatchChange
  | DeleteChange
  | DeleteCollectionChange;

interface Progress {
  readonly written: Written[];
  readonly unknown: UnknownWrite[];
  /** A deleteCollection has found something. */
  found: boolean;
  requeue: number | undefined;
}

/** Never throws. */
export async function applyChanges(changes: readonly Change[], context: ApplyContext): Promise<Outcome> {
  const progress: Progress = { written: [], unknown: [], found: false, requeue: undefined };
  let error: unknown;
  try {
    for (let at = 0; at < changes.length; ) {
      const change = changes[at] as Change;
      if (change.type === 'requireEmpty' && progress.found) return stoppedAt(changes, progress, context);
      else if (change.type === 'requireAbsent') {
        if (await isPresent(change, context)) return stoppedAt(changes, progress, context);
        at++;
      } else if (
        change.type === 'event' ||
        change.type === 'requeueAfter' ||
        change.type === 'requireEmpty'
      ) {
        note(change, progress, context);
        at++;
      } else {
        const group = groupAt(changes, at);
        await writeGroup(group, progress, context);
        at += group.length;
      }
    }
  } catch (failure) {
    error = failure;
  }
  return outcomeOf(progress, error);
}

function outcomeOf({ written, unknown, requeue }: Progress, error: unknown): Outcome {
  return { written, unknown, error, ...(requeue === undefined ? {} : { requeueAfterMilliseconds: requeue }) };
}

/** A condition did not hold: nothing after it is done, but what was to come back later comes. */
function stoppedAt(changes: readonly Change[], progress: Progress, context: ApplyContext): Outcome {
  for (const left of changes) if (left.type === 'requeueAfter') note(left, progress, context);
  return outcomeOf(progress, undefined);
}

async function isPresent(change: RequireAbsentChange, { client, signal }: ApplyContext): Promise<boolean> {
  try {
    const of = client.ofKind<KubeObject>(kindNamed(change.kind));
    const found = await of.get(splitKey(change.key), { signal });
    return change.uid === undefined || found.metadata.uid === change.uid;
  } catch (error) {
    if (error instanceof StatusError && error.reason === 'NotFound') return false;
    throw error;
  }
}

function note(change: Change, progress: Progress, context: ApplyContext): void {
  if (change.type === 'event') context.record(change.event);
  else if (change.type === 'requeueAfter')
    progress.requeue = Math.min(progress.requeue ?? Number.POSITIVE_INFINITY, change.milliseconds);
}

/** Creates of one kind that stand together, and deletes, may go at once; everything else goes one by one. */
function groupAt(changes: readonly Change[], start: number): WriteChange[] {
  const first = changes[start] as WriteChange;
  if (first.type !== 'create' && first.type !== 'delete' && first.type !== 'deleteCollection') return [first];
  let end = start + 1;
  const belongs = (change: Change | undefined) =>
    change?.type === first.type &&
    (first.type === 'deleteCollection' || (change as CreateChange).kind === first.kind);
  while (belongs(changes[end])) end++;
  return changes.slice(start, end) as WriteChange[];
}

/** One, then two, then four ...: when the server refuses, it is not asked a thousand times. As upstream's slowStartBatch. */
async function writeGroup(
  group: readonly WriteChange[],
  progress: Progress,
  context: ApplyContext,
): Promise<void> {
  let size = 1;
  for (let start = 0; start < group.length; ) {
    const batch = group.slice(start, start + size);
    if (batch.length === 1) await write(batch[0]!, progress, context);
    else {
      const results = await Promise.allSettled(batch.map((change) => write(change, progress, context)));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    }
    start += size;
    size = Math.min(size * 2, writesAtOnceMax);
  }
}

async function write(change: WriteChange, progress: Progress, context: ApplyContext): Promise<void> {
  try {
    const name = await send(change, progress, context);
    if (name !== undefined && 'onSuccess' in change && change.onSuccess)
      context.record(filled(change.onSuccess, { name, error: '' }));
  } catch (error) {
    if ('onFailure' in change && change.onFailure && isRefusal(error))
      context.record(filled(change.onFailure, { name: '', error: error.message }));
    // A create notes its own, with its name. Collections are deleted by those who ask the server what is left.
    if (change.type !== 'create' && change.type !== 'deleteCollection' && isUnknown(error))
      progress.unknown.push(change);
    throw error;
  }
}

/** The server has said no to what was asked, not only that it came at a bad time. */
function isRefusal(error: unknown): error is StatusError {
  return error instanceof StatusError && error.reason !== 'Conflict' && error.httpCode < 500;
}

function filled(event: EventText, values: { name: string; error: string }): EventText {
  const message = event.message.replace(
    /\{(name|error)\}/g,
    (_whole, which: 'name' | 'error') => values[which],
  );
  return { ...event, message };
}

/** Returns the name of what was written, or undefined when there was nothing to do. */
async function send(
  change: WriteChange,
  progress: Progress,
  context: ApplyContext,
): Promise<string | undefined> {
  const { signal } = context;
  const client = context.client.ofKind<KubeObject>(kindNamed(change.kind));
  const wrote = (object: KubeObject): string => {
    const revision = Number(object.metadata.resourceVersion ?? 0);
    if (revision > 0) progress.written.push({ kind: change.kind, revision });
    return object.metadata.name ?? '';
  };
  switch (change.type) {
    case 'create':
      return sendCreate(change, {
        client,
        signal,
        wrote,
        naming: context.naming,
        lost: (named) => progress.unknown.push(named),
      });
    case 'createSubresource': {
      const { namespace, name } = splitKey(change.key);
      const body = { ...change.body, metadata: { ...change.body.metadata, namespace, name } };
      await client.createSubresource({ namespace, name }, { subresource: change.subresource, body, signal });
      // The answer says nothing of the object; an eviction at least ends with it gone or marked.
      if (change.subresource === 'eviction')
        progress.written.push({ kind: change.kind, gone: { key: change.key, uid: undefined } });
      return name;
    }
    case 'update':
      return wrote(await client.update(change.object, { subresource: change.subresource, signal }));
    case 'patch': {
      const { patchType: type, patch, subresource, force } = change;
      return wrote(await client.patch(splitKey(change.key), { type, patch, subresource, force, signal }));
    }
    case 'delete':
      return sendDelete(change, { client, signal, wrote, progress });
    case 'deleteCollection': {
      const { namespace, labelSelector, fieldSelector, options } = change;
      const deleted = await client.deleteCollection({
        ...options,
        namespace,
        labelSelector,
        fieldSelector,
        signal,
      });
      for (const object of deleted.items) wrote(object);
      if (deleted.items.length > 0) progress.found = true;
      return undefined;
    }
  }
}

interface Sending {
  readonly client: KindClient<KubeObject>;
  readonly signal: AbortSignal;
  readonly wrote: (object: KubeObject) => string;
}

async function sendDelete(
  change: DeleteChange,
  { client, signal, wrote, progress }: Sending & { progress: Progress },
): Promise<string | undefined> {
  const { kind, key, options } = change;
  const { uid } = options.preconditions ?? {};
  try {
    const answer = await client.delete(splitKey(key), { ...options, signal });
    if (answer.kind !== 'Status') return wrote(answer);
    progress.written.push({ kind, gone: { key, uid } });
    return splitKey(key).name;
  } catch (error) {
    if (!(error instanceof StatusError) || error.reason !== 'NotFound') throw error;
    // Somebody was quicker: the cache will say so in a moment.
    progress.written.push({ kind, gone: { key, uid } });
    return undefined;
  }
}
