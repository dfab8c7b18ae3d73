/** Which container of a pod is meant. Source: validateContainer in pkg/registry/core/pod/strategy.go. */
import type { Pod } from '../../kinds/generated/types.ts';
import { badRequestError } from '../../kinds/status.ts';

/** Throws 400 for a name that is none, and where a name is needed. */
export function containerOf(pod: Pod, asked: string): string {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const { name: podName } = pod.metadata;
  const all = [...initContainers, ...containers, ...ephemeralContainers].map(({ name }) => name);
  if (asked !== '') {
    if (!all.includes(asked)) throw badRequestError(`container ${asked} is not valid for pod ${podName}`);
    return asked;
  }
  const [only, second] = containers;
  if (only === undefined) throw badRequestError(`a container name must be specified for pod ${podName}`);
  if (second === undefined) return only.name;
  throw badRequestError(
    `a container name must be specified for pod ${podName}, choose one of: [${all.join(' ')}]`,
  );
}
