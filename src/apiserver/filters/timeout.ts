/**
 * The query parameter `timeout`, as `kubectl --request-timeout` sends it: it must be a duration. Source: k8s.io/apiserver
 * pkg/endpoints/filters/request_deadline.go; Go's time.ParseDuration for the wording.
 */
import { badRequestError } from '../../kinds/status.ts';
import type { RequestInfo } from '../request-info.ts';
import { isLongRunning } from '../tunnels/long-running.ts';

const units: readonly string[] = ['ns', 'us', 'µs', 'μs', 'ms', 's', 'm', 'h'];

/** What Go says of a text that is no duration; undefined: it is one. */
export function durationProblem(text: string): string | undefined {
  const quoted = JSON.stringify(text);
  const unsigned = text.replace(/^[-+]/, '');
  if (unsigned === '0') return undefined;
  if (unsigned === '') return `time: invalid duration ${quoted}`;
  for (let rest = unsigned; rest !== ''; ) {
    const [, amount = '', unit = ''] = /^((?:\d+\.?\d*)|(?:\.\d+))?([^\d.]*)/.exec(rest) ?? [];
    if (amount === '') return `time: invalid duration ${quoted}`;
    if (unit === '') return `time: missing unit in duration ${quoted}`;
    if (!units.includes(unit)) return `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`;
    rest = rest.slice(amount.length + unit.length);
  }
  return undefined;
}

/** What goes on for long has no deadline, and is not asked for one. Throws 400. */
export function checkTimeout({ query, verb, subresource }: RequestInfo): void {
  if (query.size === 0 || verb === 'watch' || isLongRunning(subresource)) return;
  const problem = durationProblem(query.get('timeout') || '0');
  if (problem !== undefined)
    throw badRequestError(`invalid timeout specified in the request URL - ${problem}`);
}
