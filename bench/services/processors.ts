/**
 * Two processors for the two ends of a connection. Left to the scheduler they are now on one, now on two: a transfer
 * is then three times slower or not, which is what a measurement shows, whatever else it was made for.
 */
import { readFileSync } from 'node:fs';

/** `0-3,8` as the kernel writes it, cpuset(7): the first and the last, which are not two threads of one core by habit. */
export function firstAndLast(list: string): [string, string] {
  const numbers = list.trim().split(/[-,]/);
  return [numbers[0] ?? '0', numbers.at(-1) ?? '0'];
}

/** Of those that this process may use; the same one twice where there is no other. */
export function twoProcessors(): [string, string] {
  const line = /^Cpus_allowed_list:(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return firstAndLast(line?.[1] ?? '0');
}
