import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitStatusOf } from './exit-status.ts';

const exit = (message: unknown, reason = 'ExitCode') =>
  JSON.stringify({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason, message }] },
  });
const failure = (message: string) => ({
  metadata: {},
  status: 'Failure',
  message: `Internal error occurred: ${message}`,
  reason: 'InternalError',
  details: { causes: [{ message }] },
  code: 500,
});

const cases: Record<string, { told: string; wanted: object }> = {
  nothing: { told: '', wanted: { metadata: {}, status: 'Success' } },
  success: { told: '{"metadata":{},"status":"Success"}', wanted: { metadata: {}, status: 'Success' } },
  'an exit code': {
    told: exit('3'),
    wanted: {
      metadata: {},
      status: 'Failure',
      message: 'command terminated with non-zero exit code: command terminated with exit code 3',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    },
  },
  'a command that is not there': {
    told: '{"status":"Failure","reason":"InternalError","message":"exec: no such file"}',
    wanted: failure('exec: no such file'),
  },
  'a code that is none': {
    told: exit('256'),
    wanted: failure('error stream protocol error: invalid exit code value "256"'),
  },
  'a code that is no text': {
    told: exit(3),
    wanted: failure('error stream protocol error: invalid exit code value 3'),
  },
  'no code': {
    told: exit('3', 'Other'),
    wanted: failure('error stream protocol error: no ExitCode cause given'),
  },
  'no causes': {
    told: '{"status":"Failure","reason":"NonZeroExitCode","details":null}',
    wanted: failure('error stream protocol error: no ExitCode cause given'),
  },
  'no status': { told: '{}', wanted: failure('error stream protocol error: unknown error') },
  'no object': { told: 'null', wanted: failure('error stream protocol error: unknown error') },
  'no JSON': { told: 'oops', wanted: failure('error stream protocol error: invalid JSON in "oops"') },
};
for (const [name, { told, wanted }] of Object.entries(cases))
  test(`the kubelet tells ${name}`, () => assert.deepEqual(exitStatusOf(told), wanted));
