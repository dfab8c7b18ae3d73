import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { milliseconds, parseArguments } from './arguments.ts';
import { playScenario } from './play.ts';
import { formatScenario, parseScenario } from './transcript.ts';

const text = `# Of nothing much.
# Two lines.

> start nodes=1

# Says it.
> create
| apiVersion: v1
| kind: ConfigMap
| metadata:
|   name: colours
configmap/colours created

> patch configmap/colours '{"data":{"a":"b ; c"}}' ; get configmap colours -o path=.data.a
configmap/colours patched
b ; c

> get pods ; fly ; get nothing ; get pod x ; tick soon
No resources found in default namespace.
there is no command fly
the server doesn't have a resource type "nothing"
Error from server (NotFound): pods "x" not found
"soon" is no span of time

> tick 1m30s ; get nodes
NAME     STATUS   ROLES    AGE   VERSION
node-1   Ready    <none>   90s   v1.36.0
`;

test('a scenario is played, and survives parsing and formatting', async () => {
  const scenario = parseScenario('x.txt', text);
  assert.equal(formatScenario(scenario), text);
  assert.equal(formatScenario(await playScenario(scenario)), text);
  const changed = parseScenario('x.txt', text.replace('b ; c\n\n', 'another\n.\nline\n\n'));
  assert.notEqual(formatScenario(changed), text);
  assert.equal(formatScenario(await playScenario(changed)), text);
});

test('what belongs to no command is refused', () => {
  assert.throws(
    () => parseScenario('x.txt', '> start\n\nlost\n'),
    /x\.txt: neither a command nor a comment: lost/,
  );
  assert.throws(
    () => parseScenario('x.txt', '> start\n\n# lost\n'),
    /x\.txt: a comment that belongs to no command/,
  );
});

describe('arguments', () => {
  test('words, options and pairs', () => {
    const { command, words, options, pairs } = parseArguments(
      "kubectl label deploy/web a=b c- -n x --replicas=3 --sim p=q --sim r=s -A 'two words'",
      '',
    );
    assert.deepEqual(
      [command, words, [...options], [...pairs]],
      [
        'label',
        ['deploy/web', 'two words'],
        [
          ['-n', ['x']],
          ['--replicas', ['3']],
          ['--sim', ['p=q', 'r=s']],
          ['-A', ['true']],
        ],
        [
          ['a', 'b'],
          ['c', null],
        ],
      ],
    );
  });
  test('spans of time', () =>
    assert.deepEqual(['1m30s', '500ms', '1.5s'].map(milliseconds), [90_000, 500, 1500]));
});
