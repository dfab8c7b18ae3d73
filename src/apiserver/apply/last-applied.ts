/**
 * The annotation of client-side apply. Server-side apply by kubectl takes over what it says without a conflict, and
 * keeps it up to date, so that one can go back.
 * Source: k8s.io/apimachinery pkg/util/managedfields/internal (lastappliedmanager.go, lastappliedupdater.go).
 */
import type { AnyObject } from '../../kinds/object.ts';
import { isMap, type Json, type JsonMap } from '../patch/json.ts';
import { configProblem } from './check-config.ts';
import { compareObjects, fieldSetOf } from './compare.ts';
import { difference, emptySet, type FieldSet, union } from './field-set.ts';
import { annotationsBytesMax } from './limits.ts';
import type { StructPlan } from './plan.ts';

/** Only a manager of this name is upgraded; any other name opts out. */
export const kubectlManager = 'kubectl';

const annotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** The fields that the annotation claims and that still have its values. */
export function clientSideAppliedFields(plan: StructPlan, live: AnyObject): FieldSet {
  const text = live.metadata.annotations?.[annotation];
  if (text === undefined || text === '') return emptySet;
  let applied: Json;
  try {
    applied = JSON.parse(text) as Json;
  } catch {
    return emptySet;
  }
  if (!isMap(applied) || configProblem(plan, applied) !== undefined) return emptySet;
  const { changed, removed } = compareObjects(plan, applied, live);
  return difference(fieldSetOf(plan, applied), union(changed, removed));
}

function sortKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sortKeys(value[key] as Json)]),
  );
}

/** Writes the configuration into the annotation, where the object has one already. Changes `object`. */
export function refreshLastApplied(object: AnyObject, config: JsonMap): void {
  const annotations = object.metadata.annotations;
  if (annotations?.[annotation] === undefined) return;
  const { annotations: configured, managedFields: _, ...metadata } = config.metadata as JsonMap;
  const kept = isMap(configured) ? Object.entries(configured).filter(([key]) => key !== annotation) : [];
  const applied = {
    ...config,
    metadata: { ...metadata, ...(isMap(configured) ? { annotations: Object.fromEntries(kept) } : {}) },
  };
  const text = `${JSON.stringify(sortKeys(applied as JsonMap))}\n`;
  const updated = { ...annotations, [annotation]: text };
  const bytes = Object.entries(updated).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  // Too large to be kept: an empty one says that there is nothing to go back to.
  object.metadata.annotations = bytes > annotationsBytesMax ? { ...annotations, [annotation]: '' } : updated;
}
