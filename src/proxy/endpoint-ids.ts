/**
 * A number for each endpoint of a Service port, by which affinity remembers it. It depends on the endpoint alone, so
 * that it is the same after other endpoints came or went and after a restart. Two endpoints with the same number (one
 * chance in 2^30 for a pair) get different ones by their order.
 */
import { firstMark } from './layout.ts';

/** FNV-1a over the text. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return value;
}

/** In the order of the endpoints, which is by address and port. */
export function endpointIds(endpoints: readonly { address: string; port: number }[]): number[] {
  const taken = new Set<number>();
  return endpoints.map(({ address, port }) => {
    let number = hash(`${address} ${port}`);
    let id = (number | firstMark) >>> 0;
    while (taken.has(id)) {
      number = (number + 1) >>> 0;
      id = (number | firstMark) >>> 0;
    }
    taken.add(id);
    return id;
  });
}
