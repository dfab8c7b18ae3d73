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
import type { ResourceRequest } from '../../context.ts';
import { type Attributes, authorize } from '../../filters/authorization.ts';
import type { ApiResponse, UserInfo } from '../../request.ts';
import { readObject } from '../body.ts';
import { placeObject, timestamp } from '../prepare.ts';
import { respondJson } from '../respond.ts';
import { parseWriteOptions } from '../write-options.ts';

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
  };
}

function access(attributes: Attributes): { allowed: boolean; reason?: string } {
  const { allowed, reason } = authorize(attributes);
  return reason === '' ? { allowed } : { allowed, reason };
}

const copyExtra = (extra: NonNullable<UserInfo['extra']>): Record<string, string[]> =>
  Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]));

const reviewers: Readonly<Record<string, (request: ResourceRequest, review: AnyObject) => void>> = {
  selfsubjectaccessreviews(request, object) {
    const review = object as unknown as SelfSubjectAccessReview;
    review.status = access(attributesFrom(request.user, review.spec));
  },
  subjectaccessreviews(_request, object) {
    const review = object as unknown as SubjectAccessReview;
    const user = { name: review.spec.user ?? '', groups: review.spec.groups ?? [] };
    review.status = access(attributesFrom(user, review.spec));
  },
  localsubjectaccessreviews(request, object) {
    const review = object as unknown as LocalSubjectAccessReview;
    const { namespace } = request.info;
    if (review.metadata.namespace !== namespace)
      throw badRequestError(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
    const user = { name: review.spec.user ?? '', groups: review.spec.groups ?? [] };
    review.status = access(attributesFrom(user, review.spec));
  },
  selfsubjectrulesreviews(request, object) {
    const review = object as unknown as SelfSubjectRulesReview;
    if ((review.spec?.namespace ?? '') === '') throw badRequestError('no namespace on request');
    const all = request.user.groups.includes('system:masters');
    review.status = {
      resourceRules: all
        ? [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]
        : [
            {
              verbs: ['create'],
              apiGroups: ['authorization.k8s.io'],
              resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
            },
            { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
          ],
      nonResourceRules: all
        ? [{ verbs: ['*'], nonResourceURLs: ['*'] }]
        : [
            {
              verbs: ['get'],
              nonResourceURLs: [
                '/api',
                '/api/*',
                '/apis',
                '/apis/*',
                '/healthz',
                '/livez',
                '/openapi',
                '/openapi/*',
                '/readyz',
                '/version',
                '/version/',
              ],
            },
          ],
      incomplete: false,
    };
  },
  selfsubjectreviews(request, object) {
    const review = object as unknown as SelfSubjectReview;
    const { name, groups, uid, extra } = request.user;
    review.metadata.creationTimestamp = timestamp(request.backend);
    review.status = {
      userInfo: {
        username: name,
        groups: [...groups],
        ...(uid === undefined ? {} : { uid }),
        ...(extra === undefined ? {} : { extra: copyExtra(extra) }),
      },
    };
  },
  /** No token is known yet: none was given out. */
  tokenreviews(_request, object) {
    const review = object as unknown as TokenReview;
    review.status = { authenticated: false, user: {}, error: 'the token is not known to this server' };
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
  reviewers[kind.plural]?.(request, object);
  return respondJson(request, 201, object);
}
