/** JSON Merge Patch (RFC 7386). */
import { setOwn } from '../../kinds/object.ts';
import { cloneJson, isMap, type Json, type JsonMap } from './json.ts';

/** The patched document; neither argument is changed, and the result shares nothing with the patch. */
export function applyMergePatch(document: Json, patch: Json): Json {
  if (!isMap(patch)) return cloneJson(patch);
  const merged: JsonMap = {};
  const base = isMap(document) ? document : {};
  for (const key of Object.keys(base)) {
    if (!Object.hasOwn(patch, key)) setOwn(merged, key, base[key]);
    else if (patch[key] !== null) setOwn(merged, key, applyMergePatch(base[key] as Json, patch[key] as Json));
  }
  for (const key of Object.keys(patch))
    if (patch[key] !== null && !Object.hasOwn(base, key))
      setOwn(merged, key, applyMergePatch(null, patch[key] as Json));
  return merged;
}
