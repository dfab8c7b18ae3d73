/** Kinds that are questions: created, answered in their status, never stored. */
import type {
  LocalSubjectAccessReview,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SelfSubjectReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  TokenReview,
} from '../../../kinds/generated/types.ts';
import { type AnyObject, apiVersionOf } from '../../../kinds/object.ts';
import { badRequestError, invalidError } from '../../../kinds/status.ts';
import type { Attributes } from '../../authorization/attributes.ts';
import { bootstrapRulesOf } from '../../authorization/bootstrap-rules.ts';
import type { ResourceRequest } from '../../context.ts';
import type { ApiResponse, UserInfo } from '../../request.ts';
import { checkBootstrapToken } from '../../tokens/bootstrap.ts';
import { readObject } from '../body.ts';
import { placeObject, timestamp } from '../prepare.ts';
import { respondJson } from '../respond.ts';
import { parseWriteOptions } from '../write-options.ts';

/** As a request would have it (KEP-4601). What is not a plain "is this value" narrows nothing that anybody asks for. */
function selectorText(selector: ResourceAttributes['fieldSelector']): string {
  if (selector?.rawSelector) return selector.rawSelector;
  return (selector?.requirements ?? [])
    .filter(
      ({ key, operator, values = [] }) => operator === 'In' && values.length === 1 && /^[\w./-]+$/.test(key),
    )
    .map(({ key, values = [] }) => `${key}=${values[0]?.replace(/[\\,=]/g, '\\$&')}`)
    .join(',');
}

function attributesFrom(
  user: UserInfo,
  spec: { resourceAttributes?: ResourceAttributes; nonResourceAttributes?: { path?: string; verb?: string } },
): Attributes {
  const { resourceAttributes: resource, nonResourceAttributes: other } = spec;
  if (other !== undefined) return { user, verb: other.verb ?? '', path: other.path ?? '' };
  return {
    user,
    verb: resource?.verb ?? '',
    group: resource?.group ?? '',
    resource: resource?.resource ?? '',
    subresource: resource?.subresource ?? '',
    namespace: resource?.namespace ?? '',
    name: resource?.name ?? '',
    fieldSelector: selectorText(resource?.fieldSelector),
  };
}

function access({ backend }: ResourceRequest, attributes: Attributes): { allowed: boolean; reason?: string } {
  const { allowed, reason } = backend.authorizer.authorize(attributes);
  return reason === '' ? { allowed } : { allowed, reason };
}

const copyExtra = (extra: NonNullable<UserInfo['extra']>): Record<string, string[]> =>
  Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]));

const describeUser = ({ name, groups, uid, extra }: UserInfo) => ({
  username: name,
  groups: [...groups],
  ...(uid === undefined ? {} : { uid }),
  ...(extra === undefined ? {} : { extra: copyExtra(extra) }),
});

type Reviewer = (request: ResourceRequest, review: AnyObject) => void | Promise<void>;

const reviewers: Readonly<Record<string, Reviewer>> = {
  selfsubjectaccessreviews(request, object) {
    const review = object as unknown as SelfSubjectAccessReview;
    review.status = access(request, attributesFrom(request.user, review.spec));
  },
  subjectaccessreviews(request, object) {
    const review = object as unknown as SubjectAccessReview;
    const user = { name: review.spec.user ?? '', groups: review.spec.groups ?? [] };
    review.status = access(request, attributesFrom(user, review.spec));
  },
  localsubjectaccessreviews(request, object) {
    const review = object as unknown as LocalSubjectAccessReview;
    const { namespace } = request.info;
    if (review.metadata.namespace !== namespace)
      throw badRequestError(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
    const user = { name: review.spec.user ?? '', groups: review.spec.groups ?? [] };
    review.status = access(request, attributesFrom(user, review.spec));
  },
  selfsubjectrulesreviews(request, object) {
    const review = object as unknown as SelfSubjectRulesReview;
    if ((review.spec?.namespace ?? '') === '') throw badRequestError('no namespace on request');
    review.status = { ...bootstrapRulesOf(request.user), incomplete: false };
  },
  selfsubjectreviews(request, object) {
    const review = object as unknown as SelfSubjectReview;
    review.metadata.creationTimestamp = timestamp(request.backend);
    review.status = { userInfo: describeUser(request.user) };
  },
  async tokenreviews({ backend: { tokens, cache, clock } }, object) {
    const review = object as unknown as TokenReview;
    const { token = '', audiences = [] } = review.spec;
    if (token === '') throw badRequestError('token is required for TokenReview in authentication');
    const at = { lookup: (...of: Parameters<typeof cache.get>) => cache.get(...of), now: clock.now() };
    const bootstrap = checkBootstrapToken(token, at);
    // A bootstrap token is for the server itself.
    const own = (tokens?.audiences ?? []).filter(
      (each) => audiences.length === 0 || audiences.includes(each),
    );
    const verdict =
      bootstrap !== undefined && own.length > 0
        ? { user: bootstrap, audiences: own }
        : ((await tokens?.check(token, { ...at, ...(audiences.length === 0 ? {} : { audiences }) })) ?? {
            refused: 'invalid bearer token',
          });
    review.status =
      'user' in verdict
        ? { authenticated: true, user: describeUser(verdict.user), audiences: [...verdict.audiences] }
        : { user: {}, error: verdict.refused };
  },
};

export function isReview(plural: string): boolean {
  return Object.hasOwn(reviewers, plural);
}

export async function review(request: ResourceRequest): Promise<ApiResponse> {
  const { fieldValidation } = parseWriteOptions(request);
  const { kind } = request;
  const sent = await readObject(request, kind, fieldValidation);
  placeObject(request, sent);
  const errors = kind.validate?.(sent) ?? [];
  // Upstream names no kind here: its object has lost it by then.
  if (errors.length > 0) throw invalidError({ group: kind.group, kind: '' }, '', errors);
  const object = { ...sent, kind: kind.kind, apiVersion: apiVersionOf(kind.group, kind.version) };
  await reviewers[kind.plural]?.(request, object);
  return respondJson(request, 201, object);
}
