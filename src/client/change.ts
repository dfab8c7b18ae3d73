/**
 * What a reconcile wants done, as data: the runner does it, tests compare it. Changes are carried out in order; when
 * one fails, those after it are left and the key comes again after a wait.
 */
import type { ObjectReference } from '../kinds/generated/types.ts';
import { apiVersionOf, type KubeObject } from '../kinds/object.ts';
import { type KindName, kindNamed, type ObjectOf } from './kind-names.ts';
import { keyOf } from './object-key.ts';
import type { DeleteOptions, PatchType } from './typed-client.ts';

/** An Event to be recorded. In messages `{name}` becomes the name of the object that was written, `{error}` what the server said. */
export interface EventText {
  /** What the event is about. */
  readonly regarding: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

interface Told {
  /** Recorded when the server has done it. */
  readonly onSuccess?: EventText;
  /** Recorded when it has refused for good (not for conflicts and broken connections). */
  readonly onFailure?: EventText;
}

export interface CreateChange extends Told {
  readonly type: 'create';
  readonly kind: KindName;
  readonly object: KubeObject;
  /** An object of this name is good enough; else it is a failure. */
  readonly existsIsFine?: boolean;
}

/** PUT: with metadata.resourceVersion only when the object is still as it was read, which is the usual way. */
export interface UpdateChange extends Told {
  readonly type: 'update';
  readonly kind: KindName;
  readonly object: KubeObject;
  /** `status`, `finalize`, ... */
  readonly subresource?: string;
}

export interface PatchChange extends Told {
  readonly type: 'patch';
  readonly kind: KindName;
  readonly key: string;
  readonly patchType: PatchType;
  readonly patch: unknown;
  readonly subresource?: string;
  /** For server-side apply. */
  readonly force?: boolean;
}

export interface DeleteChange extends Told {
  readonly type: 'delete';
  readonly kind: KindName;
  readonly key: string;
  readonly options: Omit<DeleteOptions, 'signal' | 'dryRun'>;
}

export interface DeleteCollectionChange {
  readonly type: 'deleteCollection';
  readonly kind: KindName;
  readonly namespace: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly options: Omit<DeleteOptions, 'signal' | 'dryRun'>;
}

/**
 * What stands after it is done only when every deleteCollection before it in this list has found nothing. The server
 * answers those from its newest state, so this is sure where a cache would not be.
 */
export interface RequireEmptyChange {
  readonly type: 'requireEmpty';
}

/**
 * What stands after it is done only when the server, asked now, has no such object. A cache that does not know an object
 * may only be behind; who deletes because something is gone must be sure.
 */
export interface RequireAbsentChange {
  readonly type: 'requireAbsent';
  readonly kind: KindName;
  readonly key: string;
  /** Another object of the same name does not count; without it, any does. */
  readonly uid?: string;
}

export interface EventChange {
  readonly type: 'event';
  readonly event: EventText;
}

/** Reconcile this key again after so long, whatever happens; of several the soonest. */
export interface RequeueChange {
  readonly type: 'requeueAfter';
  readonly milliseconds: number;
}

/** A request to a subresource that creates something else: pods/binding, pods/eviction. */
export interface CreateSubresourceChange extends Told {
  readonly type: 'createSubresource';
  readonly kind: KindName;
  readonly key: string;
  readonly subresource: string;
  readonly body: KubeObject;
}

export type Change =
  | CreateChange
  | CreateSubresourceChange
  | UpdateChange
  | PatchChange
  | DeleteChange
  | DeleteCollectionChange
  | RequireEmptyChange
  | RequireAbsentChange
  | EventChange
  | RequeueChange;

/** How an Event names an object; the kind is given, because objects of a cache may not say theirs. */
export function referenceTo<Name extends KindName>(name: Name, object: ObjectOf<Name>): ObjectReference {
  const kind = kindNamed(name);
  const { metadata } = object as KubeObject;
  return {
    kind: kind.kind,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    name: metadata.name,
    uid: metadata.uid,
    apiVersion: apiVersionOf(kind.group, kind.version),
    resourceVersion: metadata.resourceVersion,
  };
}

export function create<Name extends KindName>(
  kind: Name,
  object: ObjectOf<Name>,
  options: Omit<CreateChange, 'type' | 'kind' | 'object'> = {},
): CreateChange {
  return { type: 'create', kind, object: object as KubeObject, ...options };
}

export function update<Name extends KindName>(
  kind: Name,
  object: ObjectOf<Name>,
  options: Omit<UpdateChange, 'type' | 'kind' | 'object'> = {},
): UpdateChange {
  return { type: 'update', kind, object: object as KubeObject, ...options };
}

export function updateStatus<Name extends KindName>(kind: Name, object: ObjectOf<Name>): UpdateChange {
  return { type: 'update', kind, object: object as KubeObject, subresource: 'status' };
}

/** A patch of the object with this key; a merge patch unless `patchType` says otherwise. */
export function patch(
  kind: KindName,
  key: string,
  options: { patch: unknown; patchType?: PatchType; subresource?: string; force?: boolean } & Told,
): PatchChange {
  return { type: 'patch', kind, key, patchType: 'merge', ...options };
}

/** Deletes this very object: one of the same name that came later is spared, by its uid. */
export function remove<Name extends KindName>(
  kind: Name,
  object: ObjectOf<Name>,
  options: Omit<DeleteOptions, 'signal' | 'dryRun'> & Told = {},
): DeleteChange {
  const { onSuccess, onFailure, ...deleteOptions } = options;
  const { uid } = (object as KubeObject).metadata;
  return {
    type: 'delete',
    kind,
    key: keyOf(object as KubeObject),
    options: { ...deleteOptions, preconditions: { uid, ...deleteOptions.preconditions } },
    ...(onSuccess ? { onSuccess } : {}),
    ...(onFailure ? { onFailure } : {}),
  };
}

export function requeueAfter(milliseconds: number): RequeueChange {
  return { type: 'requeueAfter', milliseconds };
}

/** `event('Deployment', deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message: ... })` */
export function event<Name extends KindName>(
  kind: Name,
  object: ObjectOf<Name>,
  text: Omit<EventText, 'regarding'>,
): EventChange {
  return { type: 'event', event: { regarding: referenceTo(kind, object), ...text } };
}
