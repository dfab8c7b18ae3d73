/**
 * Real kubectl against the real server: every session in transcripts/ with the kubectl on PATH. The expected
 * outputs are what Kubernetes v1.36 prints. UPDATE_TRANSCRIPTS=1 rewrites them with what is printed now; look at
 * the difference before you keep it.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { findKubectls } from './kubectls.ts';
import { type RunningServer, startServer } from './server.ts';
import { checkTranscript, openSession } from './session.ts';
import { appliesTo, readTranscript } from './transcript.ts';

const folder = path.join(import.meta.dirname, 'transcripts');
const transcripts = readdirSync(folder)
  .filter((file) => file.endsWith('.txt'))
  .map((file) => readTranscript(path.join(folder, file)));

const [kubectl] = findKubectls();
const skip = kubectl === undefined ? 'no kubectl on PATH' : false;

describe('kubectl on PATH', { skip, concurrency: 2 }, () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ store: 'memory' });
  });
  after(() => server?.stop());

  for (const transcript of transcripts) {
    const name = path.basename(transcript.file, '.txt');
    const isForThis = kubectl !== undefined && appliesTo(transcript.needs, kubectl.minor);
    test(name, { skip: isForThis ? false : 'this session is for another kubectl version' }, async () => {
      if (kubectl === undefined) return;
      await checkTranscript(transcript, await openSession(server, { kubectl, name }), kubectl);
    });
  }
});
