/** A transcript's surroundings: an empty directory, a namespace of its own, and the kubectl under test on PATH. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import type { Kubectl } from './kubectls.ts';
import type { RunningServer } from './server.ts';
import { appliesTo, runUntilExpected, type Session, type Transcript, writeTranscript } from './transcript.ts';

const run = promisify(execFile);

/** `UPDATE_TRANSCRIPTS=1` writes what was seen into the transcript files instead of comparing. */
const isUpdate = process.env.UPDATE_TRANSCRIPTS === '1';

interface SessionOptions {
  kubectl: Kubectl;
  /** The transcript's name: its namespace, which is created here. */
  name: string;
  /** Added to the namespace's name where several kubectls share a server. */
  suffix?: string;
}

/** kubectl caches discovery under HOME, so sessions with the same kubectl share one. */
async function makeHome(server: RunningServer, kubectl: Kubectl): Promise<string> {
  const home = path.join(server.directory, `home-${kubectl.name}`);
  await mkdir(path.join(home, 'bin'), { recursive: true });
  await symlink(kubectl.file, path.join(home, 'bin/kubectl')).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return home;
}

export async function openSession(server: RunningServer, options: SessionOptions): Promise<Session> {
  const { kubectl, name } = options;
  const namespace = `${name}${options.suffix ?? ''}`;
  const home = await makeHome(server, kubectl);
  const directory = path.join(server.directory, 'sessions', `${kubectl.name}-${namespace}`);
  await mkdir(directory, { recursive: true });
  const kubeconfig = parse(await readFile(server.kubeconfig, 'utf8')) as {
    contexts: { context: { namespace?: string } }[];
  };
  for (const { context } of kubeconfig.contexts) context.namespace = namespace;
  const kubeconfigFile = path.join(server.directory, `kubeconfig-${kubectl.name}-${namespace}`);
  await writeFile(kubeconfigFile, stringify(kubeconfig));
  const env = {
    PATH: `${path.join(home, 'bin')}:/usr/local/bin:/usr/bin:/bin`,
    HOME: home,
    KUBECONFIG: kubeconfigFile,
    SERVER: server.url,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
  };
  await run(kubectl.file, ['create', 'namespace', namespace], { env });
  await settled(kubectl, env);
  return { directory, env, namespace: { actual: namespace, shown: name } };
}

/** The controllers give a new namespace its ServiceAccount and its ConfigMap: lists shall show them, always. */
async function settled(kubectl: Kubectl, env: Record<string, string>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await run(kubectl.file, ['get', 'serviceaccount/default', 'configmap/kube-root-ca.crt'], { env });
      return;
    } catch (error) {
      if (attempt === 50) throw error;
    }
  }
}

/** Runs the steps that are for this kubectl and compares the whole session with the file. */
export async function checkTranscript(
  transcript: Transcript,
  session: Session,
  kubectl: Kubectl,
): Promise<void> {
  const seen: string[] = [];
  const expected: string[] = [];
  for (const step of transcript.steps) {
    if (!appliesTo(step.needs, kubectl.minor)) continue;
    const output = await runUntilExpected(step, session);
    seen.push(`$ ${step.command}\n${output}`);
    expected.push(`$ ${step.command}\n${step.expected}`);
    if (isUpdate) step.expected = output;
    // Later outputs are about a state that was not reached; a session that waited in vain waits no more.
    else if (step.isEventual && output !== step.expected) break;
  }
  if (isUpdate) writeTranscript(transcript);
  else assert.equal(seen.join('\n'), expected.join('\n'));
}
