/**
 * Acting as somebody else (`kubectl --as`): the headers Impersonate-User, -Group, -Uid and -Extra-*. Whoever sends them
 * must be allowed to be each thing that they name; from there on the request is that user's, in every check and record.
 * Source: k8s.io/apiserver pkg/endpoints/filters/impersonation of Kubernetes.
 */
import { isDNS1123Label, isDNS1123Subdomain } from '../../kinds/names.ts';
import { getOwn, setOwn } from '../../kinds/object.ts';
import { internalError } from '../../kinds/status.ts';
import { type Attributes, type Authorizer, refusal } from '../authorization/attributes.ts';
import { type ApiRequest, anonymous, type UserInfo } from '../request.ts';

const userHeader = 'impersonate-user';
const groupHeader = 'impersonate-group';
const uidHeader = 'impersonate-uid';
const extraPrefix = 'impersonate-extra-';

const authenticatedGroup = 'system:authenticated';
const unauthenticatedGroup = 'system:unauthenticated';
const authenticationGroup = 'authentication.k8s.io';

/** What somebody wants to be, as its headers say. */
interface Wanted {
  readonly user: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: readonly { readonly key: string; readonly values: readonly string[] }[];
}

/** Header values come as one byte a character; names are UTF-8, as Go reads them. */
const headerText = (value: string): string => Buffer.from(value, 'latin1').toString();

/**
 * A header that was sent several times has become one, joined by commas. A value that holds a comma itself thereby falls
 * apart: each part is then asked for and must be allowed.
 */
const valuesOf = (value: string | undefined): string[] =>
  value === undefined ? [] : headerText(value).split(/, ?/);

function extraKeyOf(header: string): string {
  const key = header.slice(extraPrefix.length);
  try {
    return decodeURIComponent(key);
  } catch {
    // Not an escape: the key is what stands there, as upstream has it.
    return key;
  }
}

/** Nearly every request has none of these headers. */
function isImpersonating(headers: ApiRequest['headers']): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true;
  return false;
}

function wantedOf(headers: ApiRequest['headers']): Wanted | undefined {
  if (!isImpersonating(headers)) return undefined;
  const extra = Object.keys(headers)
    .filter((header) => header.startsWith(extraPrefix))
    .sort()
    .map((header) => ({ key: extraKeyOf(header), values: valuesOf(headers[header]) }));
  const groups = valuesOf(headers[groupHeader]);
  const user = headerText(headers[userHeader] ?? '');
  const uid = headerText(headers[uidHeader] ?? '');
  if (user !== '') return { user, uid, groups, extra };
  if (groups.length + extra.length === 0 && uid === '') return undefined;
  const named = [
    ...groups.map((group) => `Group ${group}`),
    ...extra.flatMap(({ key, values }) => values.map((value) => `UserExtra ${key}=${value}`)),
    ...(uid === '' ? [] : [`UID ${uid}`]),
  ];
  throw internalError(`requested [${named.join(', ')}] without impersonating a user`);
}

/** `system:serviceaccount:NAMESPACE:NAME`; undefined: another user. */
function accountOf(user: string): { namespace: string; name: string } | undefined {
  const [, namespace = '', name = ''] = /^system:serviceaccount:([^:]*):([^:]*)$/.exec(user) ?? [];
  const valid = isDNS1123Label(namespace).length + isDNS1123Subdomain(name).length === 0;
  return valid ? { namespace, name } : undefined;
}

/** Everything that must be allowed, each with the verb impersonate. */
function* questions(requestor: UserInfo, wanted: Wanted): Generator<Attributes> {
  const asked = { user: requestor, verb: 'impersonate', group: '', subresource: '', namespace: '' };
  const account = accountOf(wanted.user);
  if (account === undefined) yield { ...asked, resource: 'users', name: wanted.user };
  else yield { ...asked, resource: 'serviceaccounts', ...account };
  for (const name of wanted.groups) yield { ...asked, resource: 'groups', name };
  for (const { key, values } of wanted.extra)
    for (const name of values)
      yield { ...asked, group: authenticationGroup, resource: 'userextras', subresource: key, name };
  if (wanted.uid !== '') yield { ...asked, group: authenticationGroup, resource: 'uids', name: wanted.uid };
}

/** Groups that are named are all there are, but for the one that says whether this is a stranger. */
function groupsOf({ user, groups }: Wanted): string[] {
  const account = groups.length === 0 ? accountOf(user) : undefined;
  const named =
    account === undefined
      ? [...groups]
      : ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`];
  if (named.includes(unauthenticatedGroup)) return named;
  if (user === anonymous.name) return [...named, unauthenticatedGroup];
  return named.includes(authenticatedGroup) ? named : [...named, authenticatedGroup];
}

function extraOf({ extra }: Wanted): Record<string, string[]> {
  const result: Record<string, string[]> = {};
  for (const { key, values } of extra) setOwn(result, key, [...(getOwn(result, key) ?? []), ...values]);
  return result;
}

/** Whom the request is from now on; the requestor unless it says otherwise. Throws 403. */
export function impersonatedUser(
  requestor: UserInfo,
  { headers, authorizer }: Pick<ApiRequest, 'headers'> & { authorizer: Authorizer },
): UserInfo {
  const wanted = wantedOf(headers);
  if (wanted === undefined) return requestor;
  for (const attributes of questions(requestor, wanted)) {
    const { allowed, reason } = authorizer.authorize(attributes);
    if (!allowed) throw refusal(attributes, reason);
  }
  const extra = extraOf(wanted);
  return {
    name: wanted.user,
    groups: groupsOf(wanted),
    ...(wanted.uid === '' ? {} : { uid: wanted.uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}
