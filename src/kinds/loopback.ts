/**
 * Kinds for a cluster whose pods live in 127.0.0.0/8 of one machine, where endpoints there are no way into a node (which
 * is why they are refused otherwise, CVE-2021-25737).
 */
import { loopbackMessage } from './ip-rules.ts';
import type { Kind } from './kind.ts';

const endpointKinds = new Set(['Endpoints', 'EndpointSlice']);

/** The same kinds, in which endpoints may be loopback addresses. */
export function allowLoopbackEndpoints(kinds: readonly Kind[]): Kind[] {
  return kinds.map((kind) => {
    const { validate } = kind;
    if (!endpointKinds.has(kind.kind) || validate === undefined) return kind;
    return {
      ...kind,
      validate: (object) => validate(object).filter(({ message }) => !message.endsWith(loopbackMessage)),
    };
  });
}
