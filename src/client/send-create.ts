/** Creates, such that one whose answer was lost is not done twice. */

import type { KubeObject } from '../kinds/object.ts';
import { StatusError } from '../kinds/status.ts';
import type { CreateChange } from './change.ts';
import { drawnNameAttemptsMax } from './limits.ts';
import { isUnknown } from './lost-answers.ts';
import type { Naming } from './naming.ts';
import { controllerUid } from './object-cache.ts';
import type { KindClient } from './typed-client.ts';

export interface CreateContext {
  readonly client: KindClient<KubeObject>;
  readonly signal: AbortSignal;
  readonly naming: Naming;
  /** Told of the object as it is on the server; returns its name. */
  readonly wrote: (object: KubeObject) => string;
  /** Told of the create, with its name, when nobody can say whether it was done. */
  readonly lost: (change: CreateChange) => void;
}

/** Returns the object's name, or undefined when there was nothing to do. */
export async function sendCreate(change: CreateChange, context: CreateContext): Promise<string | undefined> {
  const { metadata } = change.object;
  if (metadata.name || !metadata.generateName) return send(change, context);
  for (let attempt = 1; ; attempt++) {
    const { name, isUnsettled } = context.naming.take(change);
    const named = { ...change, object: { ...change.object, metadata: { ...metadata, name } } };
    try {
      return await send(named, context);
    } catch (error) {
      if (!isTaken(error)) throw error;
      const found = await whatIsThere(named, context);
      // An earlier try of this very create has come about, whose answer did not reach us.
      if (found !== undefined && (isUnsettled || hasSameController(found, named.object)))
        return context.wrote(found);
      if (attempt === drawnNameAttemptsMax) throw error;
    }
  }
}

async function send(change: CreateChange, context: CreateContext): Promise<string | undefined> {
  const { client, signal, wrote, lost } = context;
  try {
    return wrote(await client.create(change.object, { signal }));
  } catch (error) {
    if (change.existsIsFine && isTaken(error)) return undefined;
    // Nothing can be created there any more, and what is there will be deleted: upstream's controllers let it be.
    if (isNamespaceGoing(error)) return undefined;
    if (isUnknown(error)) lost(change);
    throw error;
  }
}

const isTaken = (error: unknown): boolean => error instanceof StatusError && error.reason === 'AlreadyExists';

const isNamespaceGoing = (error: unknown): boolean =>
  error instanceof StatusError &&
  (error.details?.causes ?? []).some(({ reason }) => reason === 'NamespaceTerminating');

/** Undefined: nothing any more. */
async function whatIsThere(
  change: CreateChange,
  { client, signal, lost }: CreateContext,
): Promise<KubeObject | undefined> {
  const { namespace, name = '' } = change.object.metadata;
  try {
    return await client.get({ namespace, name }, { signal });
  } catch (error) {
    if (error instanceof StatusError && error.reason === 'NotFound') return undefined;
    lost(change);
    throw error;
  }
}

function hasSameController(found: KubeObject, wanted: KubeObject): boolean {
  const [uid] = controllerUid(wanted);
  return uid !== undefined && controllerUid(found)[0] === uid;
}
