/** Who else owns what an apply would change. Source: k8s.io/apimachinery pkg/util/managedfields/internal/conflict.go. */
import { StatusError } from '../../kinds/status.ts';
import { describePaths, type FieldSet } from './field-set.ts';
import { identityOf, type Manager, type ManagerName } from './managers.ts';

export interface Conflict {
  readonly manager: Manager;
  readonly set: FieldSet;
}

/** `"kubectl-client-side-apply" using apps/v1` */
function describeManager({ manager, operation, apiVersion, subresource }: ManagerName): string {
  const name =
    JSON.stringify(manager) + (subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}

/** The 409 that kubectl explains to its user. `conflicts` is not empty. */
export function conflictsError(conflicts: readonly Conflict[]): StatusError {
  const sorted = [...conflicts].sort((a, b) => (identityOf(a.manager) < identityOf(b.manager) ? -1 : 1));
  const found = sorted.map(({ manager, set }) => ({
    who: describeManager(manager),
    paths: describePaths(set),
  }));
  const causes = found.flatMap(({ who, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${who}`, field })),
  );
  const [first] = causes;
  const text =
    causes.length === 1
      ? `1 conflict: ${first?.message}: ${first?.field}`
      : `${causes.length} conflicts: ${found
          .flatMap(({ who, paths }) => [`conflicts with ${who}:`, ...paths.map((path) => `- ${path}`)])
          .join('\n')}`;
  return new StatusError(409, 'Conflict', `Apply failed with ${text}`, { causes });
}
