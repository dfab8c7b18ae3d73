import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { invalid, path } from './field.ts';
import {
  alreadyExistsError,
  conflictError,
  expiredError,
  fieldErrorsMax,
  forbiddenError,
  internalError,
  invalidError,
  methodNotAllowedError,
  noRouteError,
  notFoundError,
  type Status,
  StatusError,
  staleObject,
  timeoutError,
  tooManyRequestsError,
  unauthorizedError,
  unavailableError,
} from './status.ts';

const pods = { group: '', plural: 'pods' };
const deployments = { group: 'apps', plural: 'deployments' };

/** The Status without what all failures share. */
const shown = (error: StatusError): Partial<Status> => {
  const { kind, apiVersion, metadata, status, ...rest } = error.toStatus();
  assert.deepEqual([kind, apiVersion, metadata, status], ['Status', 'v1', {}, 'Failure']);
  return rest;
};

describe('failures in upstream’s words', () => {
  const cases: [name: string, error: StatusError, expected: Partial<Status>][] = [
    [
      'not found, core',
      notFoundError(pods, 'web'),
      {
        message: 'pods "web" not found',
        reason: 'NotFound',
        details: { name: 'web', kind: 'pods' },
        code: 404,
      },
    ],
    [
      'not found, of a group',
      notFoundError(deployments, 'web'),
      {
        message: 'deployments.apps "web" not found',
        reason: 'NotFound',
        details: { name: 'web', group: 'apps', kind: 'deployments' },
        code: 404,
      },
    ],
    [
      'already there',
      alreadyExistsError(pods, 'web'),
      {
        message: 'pods "web" already exists',
        reason: 'AlreadyExists',
        details: { name: 'web', kind: 'pods' },
        code: 409,
      },
    ],
    [
      'changed meanwhile',
      conflictError(deployments, 'web', staleObject),
      {
        message:
          'Operation cannot be fulfilled on deployments.apps "web": the object has been modified; please apply your changes to the latest version and try again',
        reason: 'Conflict',
        details: { name: 'web', group: 'apps', kind: 'deployments' },
        code: 409,
      },
    ],
    [
      'forbidden',
      forbiddenError(pods, 'web', 'it is late'),
      {
        message: 'pods "web" is forbidden: it is late',
        reason: 'Forbidden',
        details: { name: 'web', kind: 'pods' },
        code: 403,
      },
    ],
    ['who are you', unauthorizedError(), { message: 'Unauthorized', reason: 'Unauthorized', code: 401 }],
    [
      'no such path',
      noRouteError(),
      {
        message: 'the server could not find the requested resource',
        reason: 'NotFound',
        details: {},
        code: 404,
      },
    ],
    [
      'no such verb',
      methodNotAllowedError(),
      {
        message: 'the server does not allow this method on the requested resource',
        reason: 'MethodNotAllowed',
        details: {},
        code: 405,
      },
    ],
    ['too old', expiredError('too old'), { message: 'too old', reason: 'Expired', code: 410 }],
    [
      'too many',
      tooManyRequestsError('later', 3),
      { message: 'later', reason: 'TooManyRequests', details: { retryAfterSeconds: 3 }, code: 429 },
    ],
    [
      'took too long',
      timeoutError('slow', 1, { reason: 'Why', message: 'because' }),
      {
        message: 'slow',
        reason: 'Timeout',
        details: { retryAfterSeconds: 1, causes: [{ reason: 'Why', message: 'because' }] },
        code: 504,
      },
    ],
    [
      'not now',
      unavailableError('closed'),
      { message: 'closed', reason: 'ServiceUnavailable', details: { retryAfterSeconds: 1 }, code: 503 },
    ],
    [
      'our fault',
      internalError('oh'),
      {
        message: 'Internal error occurred: oh',
        reason: 'InternalError',
        details: { causes: [{ message: 'oh' }] },
        code: 500,
      },
    ],
    ['without a reason', new StatusError(500, '', 'two budgets'), { message: 'two budgets', code: 500 }],
  ];
  for (const [name, error, expected] of cases) test(name, () => assert.deepEqual(shown(error), expected));
});

describe('an invalid object', () => {
  const port = invalid(
    path('spec', 'ports').index(0).child('port'),
    0,
    'must be between 1 and 65535, inclusive',
  );
  const name = invalid(path('metadata', 'name'), 'A', 'must be lower case');

  test('one fault', () =>
    assert.deepEqual(shown(invalidError({ group: '', kind: 'Service' }, 'web', [port])), {
      message:
        'Service "web" is invalid: spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
      reason: 'Invalid',
      details: {
        name: 'web',
        kind: 'Service',
        causes: [
          {
            reason: 'FieldValueInvalid',
            message: 'Invalid value: 0: must be between 1 and 65535, inclusive',
            field: 'spec.ports[0].port',
          },
        ],
      },
      code: 422,
    }));

  test('several are a list, of a kind with its group', () => {
    const { message, details } = shown(
      invalidError({ group: 'apps', kind: 'Deployment' }, 'web', [name, port]),
    );
    assert.equal(
      message,
      'Deployment.apps "web" is invalid: [metadata.name: Invalid value: "A": must be lower case, spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive]',
    );
    assert.deepEqual([details?.group, details?.kind, details?.causes?.length], ['apps', 'Deployment', 2]);
  });

  test('so many that the answer stays small, and how many more', () => {
    const faults = Array.from({ length: fieldErrorsMax + 7 }, (_, index) =>
      invalid(path('data').key(String(index)), 'x', 'bad'),
    );
    const { message, details } = shown(invalidError({ group: '', kind: 'ConfigMap' }, 'a', faults));
    assert.equal(details?.causes?.length, fieldErrorsMax);
    assert.match(message ?? '', /data\[255\]: Invalid value: "x": bad\] \(and 7 more\)$/);
  });
});

test('a token to go on with is in the metadata', () => {
  const error = new StatusError(410, 'Expired', 'too old', undefined, { continue: 'abc' });
  assert.deepEqual(error.toStatus().metadata, { continue: 'abc' });
});
