/**
 * Server-side apply: a manager says all that it wants to be so, and owns exactly that from then on.
 * Source: KEP-555; structured-merge-diff merge Updater.Apply; k8s.io/apimachinery pkg/util/managedfields.
 */
import { type AnyObject, apiVersionOf } from '../../kinds/object.ts';
import { badRequestError, StatusError } from '../../kinds/status.ts';
import { cloneJson, type JsonMap } from '../patch/json.ts';
import { configProblem } from './check-config.ts';
import { compareObjects, fieldSetOf } from './compare.ts';
import { type Conflict, conflictsError } from './conflicts.ts';
import { difference, equalSets, type FieldSet, intersection, isEmpty, union } from './field-set.ts';
import { clientSideAppliedFields, kubectlManager, refreshLastApplied } from './last-applied.ts';
import {
  capUpdateManagers,
  decodeManagers,
  encodeManagers,
  identityOf,
  type Manager,
  type ManagerName,
} from './managers.ts';
import { mergeObjects, removeFields, withNamedFields } from './merge-values.ts';
import { emptyObjectOf, type OwnedKind, withoutResetFields, withoutServerFields } from './owned-fields.ts';
import { planOf, type StructPlan } from './plan.ts';

export interface ApplyRequest {
  /** What is stored, complete; absent when the apply creates. It is not changed. */
  live: AnyObject | undefined;
  /** The parsed body. It is not changed. */
  config: AnyObject;
  /** The fieldManager parameter, which an apply must have. */
  manager: string;
  force: boolean;
  subresource: string;
  /** The kind in whose version both are. */
  kind: OwnedKind;
  /** RFC 3339, seconds. */
  time: string;
  /** The version in which conflicts are told, where it is not the kind's: that of a Scale. */
  toldVersion?: string | undefined;
}

interface Applying extends Omit<ApplyRequest, 'live'> {
  readonly live: AnyObject;
  readonly plan: StructPlan;
  readonly name: ManagerName;
  /** What the configuration claims. */
  readonly set: FieldSet;
  /** What this manager claimed last time. */
  readonly last: Manager | undefined;
  /** All owners, the applying one with what it had. */
  readonly managers: ReadonlyMap<string, Manager>;
}

/** Throws 400 for another version, 500 (as upstream) for a configuration that does not fit its type. */
export function checkConfig({ config, kind }: Pick<ApplyRequest, 'config' | 'kind'>): void {
  const plan = planOf(kind.schema);
  const expected = apiVersionOf(kind.group, kind.version);
  if (config.apiVersion !== expected)
    throw badRequestError(
      `Incorrect version specified in apply patch. Specified patch version: ${config.apiVersion ?? ''}, expected: ${expected}`,
    );
  if (config.metadata?.managedFields !== undefined && config.metadata.managedFields !== null)
    throw badRequestError('metadata.managedFields must be nil');
  const type = `${kind.group}/${kind.version}, Kind=${config.kind ?? ''}`;
  const problem =
    (config.kind ?? '') === '' ? `no corresponding type for ${type}` : configProblem(plan, config);
  if (problem === undefined) return;
  const { namespace = '', name = '' } = config.metadata ?? {};
  // Upstream passes this on as an error without a reason.
  throw new StatusError(
    500,
    '',
    `failed to create typed patch object (${namespace}/${name}; ${type}): ${problem}`,
  );
}

/** An object that nobody tracked belongs, as it stands, to `before-first-apply`. */
function managersOf({ live, kind, subresource, time }: ApplyRequest, plan: StructPlan): Map<string, Manager> {
  const entries = live?.metadata.managedFields ?? [];
  const managers = decodeManagers(entries);
  if (managers === undefined)
    throw new StatusError(500, '', 'failed to decode managed fields: an entry is not of the form FieldsV1');
  if (managers.size > 0 || live === undefined) return managers;
  const { changed } = compareObjects(plan, emptyObjectOf(kind), live);
  const set = withoutServerFields(withoutResetFields(changed, kind, subresource));
  const apiVersion = apiVersionOf(kind.group, kind.version);
  const name = { manager: 'before-first-apply', operation: 'Update', apiVersion, subresource } as const;
  if (!isEmpty(set)) managers.set(identityOf(name), { ...name, time, set });
  return managers;
}

/** Work that may be interrupted at each yield: for a large object each step takes up to 30 ms. */
type Steps<Result> = Generator<undefined, Result, undefined>;

/** Takes out what this manager claimed last time and nobody claims now. */
function* prune(applying: Applying, merged: JsonMap): Steps<JsonMap> {
  const { plan, last, set, managers } = applying;
  if (last === undefined || isEmpty(last.set)) return merged;
  const claimed = withNamedFields(plan, last.set);
  const mergedSet = withNamedFields(plan, fieldSetOf(plan, merged, 'stored'));
  let managed = set;
  for (const manager of managers.values()) if (manager !== last) managed = union(managed, manager.set);
  yield;
  const without = removeFields(plan, merged, claimed);
  const kept = union(
    withNamedFields(plan, fieldSetOf(plan, without, 'stored')),
    withNamedFields(plan, managed),
  );
  yield;
  const pruned = removeFields(plan, merged, difference(mergedSet, kept));
  const prunedSet = withNamedFields(plan, fieldSetOf(plan, pruned, 'stored'));
  return removeFields(plan, merged, intersection(difference(mergedSet, prunedSet), claimed));
}

/** What the others own of what would change. */
function findConflicts(applying: Applying, changed: FieldSet): Conflict[] {
  const own = identityOf(applying.name);
  const told = applying.toldVersion === undefined ? {} : { apiVersion: applying.toldVersion };
  return [...applying.managers]
    .filter(([identity]) => identity !== own)
    .map(([, manager]) => ({ manager: { ...manager, ...told }, set: intersection(manager.set, changed) }))
    .filter(({ set }) => !isEmpty(set));
}

/** Throws the 409 unless the apply is forced, or kubectl takes over from its own client-side apply. */
function checkConflicts(applying: Applying, conflicts: Conflict[]): void {
  const { force, name, plan, live } = applying;
  if (force || conflicts.length === 0) return;
  if (name.manager !== kubectlManager) throw conflictsError(conflicts);
  const allowed = clientSideAppliedFields(plan, live);
  const left = conflicts
    .map(({ manager, set }) => ({ manager, set: difference(set, allowed) }))
    .filter(({ set }) => !isEmpty(set));
  if (left.length > 0) throw conflictsError(left);
}

function ownersAfter(applying: Applying, change: { lost: FieldSet; same: boolean }): Map<string, Manager> {
  const { name, set, last, time } = applying;
  const own = identityOf(name);
  const owners = new Map<string, Manager>();
  for (const [identity, manager] of applying.managers) {
    if (identity === own) continue;
    const rest = difference(manager.set, change.lost);
    if (!isEmpty(rest)) owners.set(identity, { ...manager, set: rest });
  }
  const claimed = withoutServerFields(set);
  const unchanged = change.same && last !== undefined && equalSets(last.set, claimed);
  if (!isEmpty(claimed)) owners.set(own, { ...name, set: claimed, time: unchanged ? last.time : time });
  capUpdateManagers(owners);
  return owners;
}

/** The object after an apply that found no conflict. */
function* finish(applying: Applying, applied: JsonMap): Steps<AnyObject> {
  const { live, config, plan, kind, subresource, name } = applying;
  const found = compareObjects(plan, live, applied);
  yield;
  const changed = withoutResetFields(found.changed, kind, subresource);
  checkConflicts(applying, findConflicts(applying, changed));
  const lost = union(changed, withoutResetFields(found.removed, kind, subresource));
  const same = isEmpty(found.changed) && isEmpty(found.removed);
  const object = cloneJson(applied) as unknown as AnyObject;
  yield;
  const entries = encodeManagers(ownersAfter(applying, { lost, same }));
  if (entries === undefined) delete object.metadata.managedFields;
  else object.metadata.managedFields = entries;
  if (name.manager === kubectlManager) refreshLastApplied(object, config as unknown as JsonMap);
  return object;
}

/**
 * The object after the apply, its managedFields set, not yet decoded, defaulted or validated: what a struct has lost may
 * stand as null. Applying the same again gives an object equal to `live`. Throws StatusError: 400 for another version,
 * 409 for conflicts, 500 (as upstream) for a configuration that does not fit its type.
 */
export function* applyInSteps(request: ApplyRequest): Steps<AnyObject> {
  const { live, config, kind, subresource, manager } = request;
  const plan = planOf(kind.schema);
  checkConfig(request);
  yield;
  const managers = managersOf(request, plan);
  yield;
  const apiVersion = apiVersionOf(kind.group, kind.version);
  const name: ManagerName = { manager, operation: 'Apply', apiVersion, subresource };
  const start = live ?? { ...emptyObjectOf(kind), apiVersion, kind: kind.kind };
  const { managedFields: _, ...metadata } = start.metadata;
  const bare: AnyObject = { ...start, metadata };
  const applying: Applying = {
    ...request,
    live: bare,
    plan,
    name,
    managers,
    set: withoutResetFields(fieldSetOf(plan, config), kind, subresource),
    last: managers.get(identityOf(name)),
  };
  yield;
  const merged = mergeObjects(plan, bare, config);
  yield;
  const pruned = yield* prune(applying, merged);
  yield;
  return yield* finish(applying, pruned);
}
