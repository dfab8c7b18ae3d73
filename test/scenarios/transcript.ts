/**
 * A scenario is a transcript of a whole simulated cluster:
 *
 *     # What is shown, and why it is worth showing.
 *
 *     > start nodes=1 seed=1
 *
 *     > run web --node node-1 ; tick 1s ; get pods
 *     NAME   READY   STATUS    RESTARTS   AGE
 *     web    1/1     Running   0          1s
 *
 *     > create
 *     | apiVersion: v1
 *     | kind: Pod
 *     pod/web created
 *
 * Commands stand in commands.ts; `;` puts several into one line, whose outputs follow each other. Lines with `| ` are
 * what the last command of the line reads. A blank line ends an output; a blank line inside one is written `.` alone.
 */

export interface Step {
  readonly comments: readonly string[];
  readonly commands: readonly string[];
  readonly input: string;
  readonly expected: string;
}

export interface Scenario {
  readonly file: string;
  /** The lines of comment at the top. */
  readonly comments: readonly string[];
  readonly steps: readonly Step[];
}

/** `a ; b 'x ; y'` -> `a`, `b 'x ; y'` */
function splitCommands(line: string): string[] {
  const parts = line.match(/(?:'[^']*'|[^;'])+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function parseBlock(file: string, block: string): Step | string[] {
  const lines = block.split('\n');
  const firstOther = lines.findIndex((line) => !line.startsWith('#'));
  const comments = firstOther < 0 ? lines : lines.slice(0, firstOther);
  const rest = lines.slice(comments.length);
  const [command, ...after] = rest;
  if (command === undefined) return comments;
  if (!command.startsWith('> ')) throw new Error(`${file}: neither a command nor a comment: ${command}`);
  const inputs = after.filter((line) => line.startsWith('| ') || line === '|');
  const output = after.slice(inputs.length).map((line) => (line === '.' ? '' : line));
  return {
    comments,
    commands: splitCommands(command.slice(2)),
    input: inputs.map((line) => `${line.slice(2)}\n`).join(''),
    expected: output.map((line) => `${line}\n`).join(''),
  };
}

export function parseScenario(file: string, text: string): Scenario {
  const blocks = text
    .split(/\n{2,}/)
    .map((block) => block.replace(/^\n+|\n+$/g, ''))
    .filter((block) => block !== '')
    .map((block) => parseBlock(file, block));
  const [first] = blocks;
  const comments = Array.isArray(first) ? first : [];
  const steps = blocks.filter((block): block is Step => !Array.isArray(block));
  if (blocks.length - steps.length > (comments.length > 0 ? 1 : 0))
    throw new Error(`${file}: a comment that belongs to no command`);
  return { file, comments, steps };
}

export function formatScenario({ comments, steps }: Scenario): string {
  const blocks = steps.map(({ comments: above, commands, input, expected }) =>
    [
      ...above,
      `> ${commands.join(' ; ')}`,
      ...input
        .split('\n')
        .slice(0, -1)
        .map((line) => `| ${line}`.trimEnd()),
      ...expected
        .split('\n')
        .slice(0, -1)
        .map((line) => (line === '' ? '.' : line)),
    ].join('\n'),
  );
  return `${[...(comments.length > 0 ? [comments.join('\n')] : []), ...blocks].join('\n\n')}\n`;
}
