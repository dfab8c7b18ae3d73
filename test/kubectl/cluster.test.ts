/**
 * Real kubectl against the whole control plane with simulated nodes: every session in cluster/. The expected
 * outputs are what a Kubernetes v1.36 cluster prints; steps after `$~ ` wait for the control loops.
 * UPDATE_TRANSCRIPTS=1 rewrites them with what is printed now; look at the difference before you keep it.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { generatedNames } from './generated-names.ts';
import { findKubectls } from './kubectls.ts';
import { type RunningServer, startServer } from './server.ts';
import { checkTranscript, openSession } from './session.ts';
import { appliesTo, readTranscript } from './transcript.ts';

const folder = path.join(import.meta.dirname, 'cluster');
const files = readdirSync(folder).filter((file) => file.endsWith('.txt'));

/** Sessions that change nodes, and with them the pods of every other session. */
const isAlone = (file: string) => file.startsWith('nodes-');

const [kubectl] = findKubectls();
const noKubectl = kubectl === undefined ? 'no kubectl on PATH' : false;

function describeSessions(name: string, sessions: readonly string[]): void {
  describe(name, { skip: noKubectl, concurrency: 2 }, () => {
    let server: RunningServer;
    before(async () => {
      server = await startServer({ store: 'memory', controllers: '*', simulatedNodes: 3 });
    });
    after(() => server?.stop());

    for (const file of sessions) {
      const transcript = readTranscript(path.join(folder, file));
      const isForThis = kubectl !== undefined && appliesTo(transcript.needs, kubectl.minor);
      const skip = isForThis ? false : 'this session is for another kubectl version';
      test(path.basename(file, '.txt'), { skip }, async () => {
        if (kubectl === undefined) return;
        const session = await openSession(server, { kubectl, name: path.basename(file, '.txt') });
        await checkTranscript(transcript, { ...session, patterns: generatedNames }, kubectl);
      });
    }
  });
}

describeSessions(
  'kubectl and a cluster',
  files.filter((file) => !isAlone(file)),
);
for (const file of files.filter(isAlone))
  describeSessions(`kubectl and a cluster of its own: ${file}`, [file]);
