import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { UserError } from '../lib/errors.ts';
import { explainFailure } from './failure.ts';
import { UsageError } from './usage-error.ts';

const here = { command: 'token create', tellsWhere: false };

test('a wrong command line is told with where to look', () => {
  assert.deepEqual(explainFailure(new UsageError('--ttl is "x"'), here), {
    text: 'wherry: --ttl is "x"\nwherry: try wherry token create --help\n',
    code: 2,
  });
});

test('a failure that is foreseen is told as it is', () => {
  assert.deepEqual(explainFailure(new UserError('NO_CLUSTER', 'there is none'), here), {
    text: 'wherry: there is none\n',
    code: 1,
  });
});

test('what the machine says is told with what helps, and without a stack', async () => {
  const failure: unknown = await readFile('/dev/null/x').catch((error: unknown) => error);
  assert.deepEqual(explainFailure(failure, { ...here, tellsWhere: true }), {
    text: "wherry: ENOTDIR: not a directory, open '/dev/null/x'; a part of the path is a file: give another place, such as with --data-dir\n",
    code: 1,
  });
});

test('a mistake of ours shows its place only to whoever looks for it', () => {
  const failure = new TypeError('x is not a function');
  const said = explainFailure(failure, here);
  assert.equal(said.code, 1);
  assert.match(said.text, /^wherry: TypeError: x is not a function\nwherry: [^\n]*WHERRY_DEBUG=1[^\n]*\n$/);
  assert.equal(explainFailure(failure, { ...here, tellsWhere: true }).text, `wherry: ${failure.stack}\n`);
  assert.match(explainFailure('thrown', here).text, /^wherry: thrown\n/);
});
