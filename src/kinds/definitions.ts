/** Upstream's names of the generated types: OpenAPI and error messages speak of `io.k8s.api.core.v1.PodSpec`. */
import { WherryError } from '../lib/errors.ts';
import { rawDefinitions } from './generated/definitions.ts';
import { metallbDefinitions } from './metallb/schemas.ts';

let names: Map<string, string> | undefined;

function readNames(): Map<string, string> {
  const read = new Map<string, string>();
  for (const [ofPackage, entries] of Object.entries({ ...rawDefinitions, ...metallbDefinitions }))
    for (const entry of entries.split(' ')) {
      const [name, goName = name] = entry.split('=') as [string, string?];
      read.set(name, `${ofPackage}.${goName}`);
    }
  return read;
}

/** `PodSpec` -> `io.k8s.api.core.v1.PodSpec`. Throws BAD_SCHEMA_NAME for a name that does not exist. */
export function definitionNameOf(schema: string): string {
  names ??= readNames();
  const name = names.get(schema);
  if (name === undefined) throw new WherryError('BAD_SCHEMA_NAME', `there is no schema ${schema}`);
  return name;
}

/** `CoreEvent` -> `{ package: 'v1', name: 'Event' }`: how Go prints the type is `v1.Event`. */
export function goTypeOf(schema: string): { package: string; name: string } {
  const parts = definitionNameOf(schema).split('.');
  return { package: parts.at(-2) as string, name: parts.at(-1) as string };
}
