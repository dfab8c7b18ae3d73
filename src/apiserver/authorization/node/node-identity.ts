import type { UserInfo } from '../../request.ts';

const nodeUserPrefix = 'system:node:';
const nodesGroup = 'system:nodes';

/** The node that the user is; '' is one of the group without a node's name; undefined: no node. Source: pkg/auth/nodeidentifier. */
export function nodeOf({ name, groups }: UserInfo): string | undefined {
  if (!groups.includes(nodesGroup)) return undefined;
  return name.startsWith(nodeUserPrefix) ? name.slice(nodeUserPrefix.length) : '';
}
