import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '../../lib/errors.ts';
import { issueAuthority } from '../issue.ts';
import { bearerOf, formatJoinToken, hashOf, parseJoinToken } from './join-token.ts';

const hash = 'a'.repeat(64);
const text = `abcdef.0123456789abcdef@sha256:${hash}`;

test('a token is read and written', () => {
  const token = parseJoinToken(` ${text}\n`);
  assert.deepEqual(token, { id: 'abcdef', secret: '0123456789abcdef', authorityHash: hash });
  assert.equal(formatJoinToken(token), text);
  assert.equal(bearerOf(token), 'abcdef.0123456789abcdef');
});

describe('what is none is told, without its secret', () => {
  const cases: Record<string, { text: string; flaw: RegExp }> = {
    nothing: { text: ' ', flaw: /: it is empty;/ },
    'a bootstrap token': { text: 'abcdef.0123456789abcdef', flaw: /: it has no @ with the hash/ },
    'a short secret': {
      text: `abcdef.0123@sha256:${hash}`,
      flaw: /: what stands before the @ is not six letters/,
    },
    'a short hash': {
      text: 'abcdef.0123456789abcdef@sha256:abc',
      flaw: /: its hash is not 64 hexadecimal digits;/,
    },
    'another hash': {
      text: `abcdef.0123456789abcdef@md5:${hash}`,
      flaw: /: its hash does not begin with sha256:/,
    },
  };
  for (const [name, { text: bad, flaw }] of Object.entries(cases))
    test(name, () =>
      assert.throws(
        () => parseJoinToken(bad),
        (error: Error) =>
          error instanceof UserError && flaw.test(error.message) && !error.message.includes('0123'),
      ),
    );
});

test('the hash is that of the certificate, in whatever form it comes', async () => {
  const { certificate } = await issueAuthority(Date.UTC(2026, 0, 1));
  const der = Buffer.from(certificate.split('\n').slice(1, -2).join(''), 'base64');
  assert.equal(hashOf(certificate), hashOf(der));
  assert.match(hashOf(der), /^[0-9a-f]{64}$/);
});
