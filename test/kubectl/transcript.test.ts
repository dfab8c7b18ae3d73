import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { normalize } from './normalize.ts';
import { appliesTo, formatTranscript, parseTranscript, runStep } from './transcript.ts';

const text = `# A session about nothing.
# needs kubectl >= 1.27

# Says it.
$ echo one; echo; echo two >&2; false
one
.
two
[exit 1]

# needs kubectl 1.28-1.30
$ cat <<'EOF'
> line
> EOF
line

$ true
`;

test('a transcript survives parsing and formatting', () => {
  const transcript = parseTranscript('x.txt', text);
  assert.equal(formatTranscript(transcript), text);
  assert.deepEqual(transcript.needs, { from: 27, to: Number.POSITIVE_INFINITY });
  assert.deepEqual(
    transcript.steps.map(({ command, needs }) => [command, appliesTo(needs, 27), appliesTo(needs, 28)]),
    [
      ['echo one; echo; echo two >&2; false', true, true],
      ["cat <<'EOF'\nline\nEOF", false, true],
      ['true', true, true],
    ],
  );
});

test('an output that belongs to no command is refused', () => {
  assert.throws(
    () => parseTranscript('x.txt', 'lost\n'),
    /x\.txt: neither a command, a comment nor an output: lost/,
  );
});

test('steps run with their whole output and exit code', async () => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'wherry-transcript-'));
  const session = { directory, env: { PATH: '/usr/bin:/bin' }, namespace: { actual: 'a-27', shown: 'a' } };
  try {
    for (const step of parseTranscript('x.txt', text).steps) {
      assert.equal(await runStep(step, session), step.expected);
    }
    const [step] = parseTranscript('x.txt', '$ pwd; echo a-27; exit 3\n').steps;
    assert.ok(step !== undefined);
    assert.equal(await runStep(step, session), '<dir>\na\n[exit 3]\n');
  } finally {
    await rm(directory, { recursive: true });
  }
});

const normalized: Record<string, [string, string]> = {
  'a table is laid out again around what was replaced': [
    'NAME     TYPE        CLUSTER-IP      AGE\nweb      ClusterIP   10.96.130.251   2m5s\nchosen   ClusterIP   10.96.0.77      5s\n',
    'NAME     TYPE        CLUSTER-IP     AGE\nweb      ClusterIP   <cluster-ip>   <age>\nchosen   ClusterIP   10.96.0.77     <age>\n',
  ],
  'empty cells keep their columns': [
    'NAME   A     AGE     LABELS\none          100s    <none>\n\nNAME   B\nx      y\n',
    'NAME   A   AGE     LABELS\none        <age>   <none>\n\nNAME   B\nx      y\n',
  ],
  'what is not plausible stays': [
    'NAME   AGE\nweb    <unknown>\nweb    <invalid>\nresourceVersion: "0"\nuid: ""\n',
    'NAME   AGE\nweb    <unknown>\nweb    <invalid>\nresourceVersion: "0"\nuid: ""\n',
  ],
  'times, uids and revisions in yaml and json': [
    'creationTimestamp: "2026-01-02T03:04:05Z"\nuid: 0b5ed3a4-7a5c-4f2e-9e0c-6a3a8d2f1b11\nresourceVersion: "12"\n"resourceVersion": "34",\n',
    'creationTimestamp: "<time>"\nuid: <uid>\nresourceVersion: "<revision>"\n"resourceVersion": "<revision>",\n',
  ],
  'static node ports and addresses are part of the output': [
    'nodePort: 30080\nnodePort: 30086\nclusterIP: 10.96.0.10\nclusterIP: 10.96.1.0\n',
    'nodePort: 30080\nnodePort: <node-port>\nclusterIP: 10.96.0.10\nclusterIP: <cluster-ip>\n',
  ],
};

for (const [name, [output, expected]] of Object.entries(normalized)) {
  test(`normalize: ${name}`, () => assert.equal(normalize(output), expected));
}
