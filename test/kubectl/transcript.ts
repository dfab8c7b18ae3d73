/**
 * A transcript is a shell session with its whole output:
 *
 *     # What is shown, and why it is worth showing.
 *     # needs kubectl >= 1.27
 *     $ kubectl create configmap colours --from-literal=sky=blue
 *     configmap/colours created
 *
 *     $ kubectl apply -f - <<'EOF'
 *     > apiVersion: v1
 *     > EOF
 *     error: ...
 *     [exit 1]
 *
 * A command after `$~ ` instead of `$ ` is repeated until its output is the expected one (at most a minute): the state
 * that it shows is reached by control loops, sooner or later.
 *
 * Every command runs in its own bash, in an empty directory, with the session's namespace as kubectl's default.
 * `# needs` before the first command is for the whole session, later for the next command only. A blank line
 * ends an output; a blank line inside one is written as `.` alone.
 */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { normalize } from './normalize.ts';

export interface Step {
  comments: string[];
  command: string;
  expected: string;
  /** Whether the expected output may come later (`$~ `). */
  isEventual: boolean;
  /** Lowest and highest kubectl minor that the step is for. */
  needs: MinorRange;
}

export interface MinorRange {
  from: number;
  to: number;
}

export interface Transcript {
  file: string;
  comments: string[];
  needs: MinorRange;
  steps: Step[];
}

const everyMinor: MinorRange = { from: 0, to: Number.POSITIVE_INFINITY };

/** `# needs kubectl >= 1.27`, `# needs kubectl <= 1.30`, `# needs kubectl 1.28-1.30`. */
function parseNeeds(comments: readonly string[]): MinorRange {
  for (const comment of comments) {
    const match = /^# needs kubectl (?:(>=|<=) 1\.(\d+)|1\.(\d+)-1\.(\d+))$/.exec(comment);
    if (match === null) continue;
    if (match[3] !== undefined) return { from: Number(match[3]), to: Number(match[4]) };
    const minor = Number(match[2]);
    return match[1] === '>=' ? { from: minor, to: everyMinor.to } : { from: everyMinor.from, to: minor };
  }
  return everyMinor;
}

export function parseTranscript(file: string, text: string): Transcript {
  const transcript: Transcript = { file, comments: [], needs: everyMinor, steps: [] };
  let comments: string[] = [];
  let step: Step | undefined;
  let isOutput = false;
  for (const line of text.split('\n')) {
    const prompt = /^\$~? /.exec(line)?.[0];
    if (prompt !== undefined) {
      const command = line.slice(prompt.length);
      step = { comments, command, expected: '', isEventual: prompt === '$~ ', needs: parseNeeds(comments) };
      transcript.steps.push(step);
      comments = [];
      isOutput = false;
    } else if (line.startsWith('> ') && step !== undefined && !isOutput) {
      step.command += `\n${line.slice(2)}`;
    } else if (line === '') {
      if (transcript.steps.length === 0 && comments.length > 0) {
        transcript.comments = comments;
        transcript.needs = parseNeeds(comments);
        comments = [];
      }
      step = undefined;
    } else if (step !== undefined) {
      step.expected += `${line === '.' ? '' : line}\n`;
      isOutput = true;
    } else if (line.startsWith('#')) {
      comments.push(line);
    } else {
      throw new Error(`${file}: neither a command, a comment nor an output: ${line}`);
    }
  }
  return transcript;
}

export function formatTranscript({ comments, steps }: Transcript): string {
  const blocks = steps.map((step) => {
    const command = `${step.isEventual ? '$~' : '$'} ${step.command.replaceAll('\n', '\n> ')}`;
    const output = step.expected.replace(/\n$/, '').replaceAll(/^$/gm, '.');
    return [...step.comments, command, ...(step.expected === '' ? [] : [output])].join('\n');
  });
  return `${[...(comments.length > 0 ? [comments.join('\n')] : []), ...blocks].join('\n\n')}\n`;
}

/** Shell functions that every command can use. */
const prelude = `
# watching <lines> <watch command> <change command>: starts the watch, waits for its first output, changes
# something, and shows the watch's output once it has that many lines (or after 10 s).
watching() {
  local out; out=$(mktemp ./watch.XXXXXX)
  bash -c "exec $2" >"$out" 2>&1 & local pid=$! tries
  for tries in $(seq 200); do [ -s "$out" ] && break; sleep 0.05; done
  eval "$3" >/dev/null
  for tries in $(seq 200); do [ "$(wc -l <"$out")" -ge "$1" ] && break; sleep 0.05; done
  kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null
  cat "$out"; rm "$out"
}
exec 2>&1
`;

export interface Session {
  directory: string;
  /** Namespace in use -> the name that the transcript's expected output has for it. */
  namespace: { actual: string; shown: string };
  /** What else differs from run to run in this kind of session, and what it is shown as. */
  patterns?: readonly (readonly [RegExp, string])[];
  /** Shell variables that later commands see as earlier ones have left them. */
  variables?: readonly string[];
  /** What bash is started by: `['nsenter', '--net=/run/netns/x']` for commands in a namespace. */
  shell?: readonly string[];
  env: Record<string, string>;
}

const variablesFile = '.variables';

/** Every command has a bash of its own: variables that are to last go through a file. */
function withVariables(command: string, variables: readonly string[] = []): string {
  if (variables.length === 0) return command;
  const restore = `set -a; [ -f ${variablesFile} ] && . ./${variablesFile}`;
  const save = `{ code=$?; declare -p ${variables.join(' ')} 2>/dev/null >${variablesFile}; exit $code; }`;
  return `${restore}\n${command}\n${save}`;
}

/** Longer than a pod whose shell does not hear SIGTERM takes to go: its grace is 30 s. */
const stepMillisecondsMax = 90_000;

/** The step's whole output, normalised; stderr goes where stdout goes, and an exit code other than 0 is shown. */
export function runStep(step: Step, session: Session): Promise<string> {
  const options = {
    cwd: session.directory,
    env: session.env,
    timeout: stepMillisecondsMax,
    maxBuffer: 64 * 1024 * 1024,
  };
  const { actual, shown } = session.namespace;
  const names = [
    [session.directory, '<dir>'] as const,
    [actual, shown] as const,
    ...(session.patterns ?? []),
  ];
  return new Promise((resolve) => {
    const command = withVariables(step.command, session.variables);
    const [program = 'bash', ...args] = [...(session.shell ?? []), 'bash', '-c', `${prelude}\n${command}`];
    execFile(program, args, options, (error, stdout) => {
      const output = normalize(stdout, names);
      const ended = output === '' || output.endsWith('\n') ? output : `${output}\n`;
      const code = error === null ? '' : error.killed === true ? '[timeout]\n' : `[exit ${error.code}]\n`;
      resolve(`${ended}${code}`);
    });
  });
}

/** Control loops and nodes have it within a second or two, unless the machine is busy with something else. */
const eventualMillisecondsMax = 60_000;

/** The step's output; that of an eventual step once it is the expected one, or the last one when time is up. */
export async function runUntilExpected(step: Step, session: Session): Promise<string> {
  const deadline = performance.now() + eventualMillisecondsMax;
  for (;;) {
    const output = await runStep(step, session);
    if (!step.isEventual || output === step.expected || performance.now() > deadline) return output;
    await wait(100);
  }
}

export const appliesTo = (needs: MinorRange, minor: number) => minor >= needs.from && minor <= needs.to;

export function readTranscript(file: string): Transcript {
  return parseTranscript(file, readFileSync(file, 'utf8'));
}

export function writeTranscript(transcript: Transcript): void {
  writeFileSync(transcript.file, formatTranscript(transcript));
}
