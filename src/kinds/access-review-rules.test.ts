import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validateReview, validateSelfReview } from './access-review-rules.ts';
import type { LocalSubjectAccessReview, SubjectAccessReview } from './generated/types.ts';
import { localSubjectAccessReview } from './local-subject-access-review.ts';
import { selfSubjectAccessReview } from './self-subject-access-review.ts';
import { subjectAccessReview } from './subject-access-review.ts';
import { createErrors } from './test-kit.ts';

const resourceAttributes = { verb: 'get', resource: 'pods', namespace: 'default' };
const nonResourceAttributes = { verb: 'get', path: '/healthz' };

test('a review is about one thing and about someone', () => {
  assert.deepEqual(validateReview({ user: 'ada', resourceAttributes }), []);
  assert.deepEqual(validateSelfReview({ nonResourceAttributes }), []);
  assert.deepEqual(createErrors(subjectAccessReview, { metadata: {}, spec: {} } as SubjectAccessReview), [
    'spec.resourceAttributes: Invalid value: "null": exactly one of nonResourceAttributes or resourceAttributes must be specified',
    'spec.user: Invalid value: "": at least one of user or group must be specified',
  ]);
  const both = { metadata: {}, spec: { resourceAttributes, nonResourceAttributes } };
  assert.deepEqual(createErrors(selfSubjectAccessReview, both), [
    'spec.nonResourceAttributes: Invalid value: {"verb":"get","path":"/healthz"}: cannot be specified in combination with resourceAttributes',
  ]);
});

test('a local review is about its own namespace', () => {
  const spec = { user: 'ada', resourceAttributes };
  const review = { metadata: { namespace: 'other' }, spec } as LocalSubjectAccessReview;
  assert.deepEqual(createErrors(localSubjectAccessReview, review), [
    'spec.resourceAttributes.namespace: Invalid value: "default": must match metadata.namespace',
  ]);
});
