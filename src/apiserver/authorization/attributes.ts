/** What a request is about as far as permission goes, and how a refusal is told. */

import { exactFieldValue, parseFieldSelector, SelectorError } from '../../kinds/selector.ts';
import { StatusError } from '../../kinds/status.ts';
import type { UserInfo } from '../request.ts';
import type { RequestInfo } from '../request-info.ts';

export interface Attributes {
  readonly user: UserInfo;
  readonly verb: string;
  /** For resource requests. */
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** Of list, watch and deletecollection, as it was sent; one that cannot be read selects nothing here. */
  readonly fieldSelector?: string;
  /** For other requests. */
  readonly path?: string;
}

export interface Decision {
  readonly allowed: boolean;
  /** Why; shown to the caller when refused. */
  readonly reason: string;
}

export const noOpinion: Decision = { allowed: false, reason: '' };

/** Who decides. `allowed` false is no opinion: others are asked. */
export interface Authorizer {
  authorize(attributes: Attributes): Decision;
}

/** Verbs whose answer a field selector narrows. */
const selectingVerbs: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection']);

/** The one value that a field must have to be selected; undefined: any. */
export function selectedValue(fieldSelector: string | undefined, field: string): string | undefined {
  if (fieldSelector === undefined || fieldSelector === '') return undefined;
  try {
    return exactFieldValue(parseFieldSelector(fieldSelector), field);
  } catch (error) {
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}

export function attributesOf(user: UserInfo, info: RequestInfo): Attributes {
  if (!info.isResource) return { user, verb: info.verb, path: info.path };
  const { verb, group, resource, subresource, namespace } = info;
  const plain = { user, verb, group, resource, subresource, namespace };
  const fieldSelector = selectingVerbs.has(verb) ? info.query.get('fieldSelector') : null;
  if (fieldSelector === null) return { ...plain, name: info.name };
  // A list of the one object of a name is about that object, as upstream has it.
  const named = verb === 'deletecollection' ? undefined : selectedValue(fieldSelector, 'metadata.name');
  return { ...plain, name: info.name === '' ? (named ?? '') : info.name, fieldSelector };
}

/** The 403 in upstream's words: `pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "default"`. */
export function refusal(attributes: Attributes, reason: string): StatusError {
  const who = `User ${JSON.stringify(attributes.user.name)}`;
  const why = reason === '' ? '' : `: ${reason}`;
  if (attributes.path !== undefined) {
    const message = `forbidden: ${who} cannot ${attributes.verb} path ${JSON.stringify(attributes.path)}${why}`;
    return new StatusError(403, 'Forbidden', message, {});
  }
  const { group = '', resource = '', subresource = '', namespace = '', name = '' } = attributes;
  const shown = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const subject =
    (group === '' ? resource : `${resource}.${group}`) + (name === '' ? '' : ` ${JSON.stringify(name)}`);
  return new StatusError(
    403,
    'Forbidden',
    `${subject} is forbidden: ${who} cannot ${attributes.verb} resource ${JSON.stringify(shown)} in API group ${JSON.stringify(group)} ${where}${why}`,
    { name, group, kind: resource },
  );
}
