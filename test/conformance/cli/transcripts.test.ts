/**
 * Real kubectl against the whole control plane with simulated nodes: what upstream's cases of kubectl demand of the API alone.
 * Sources: in the sessions of transcripts/. UPDATE_TRANSCRIPTS=1 rewrites them; look at the difference before you keep it.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { generatedNames } from '../../kubectl/generated-names.ts';
import { findKubectls } from '../../kubectl/kubectls.ts';
import { type RunningServer, startServer } from '../../kubectl/server.ts';
import { checkTranscript, openSession } from '../../kubectl/session.ts';
import { appliesTo, readTranscript } from '../../kubectl/transcript.ts';

const folder = path.join(import.meta.dirname, 'transcripts');
const [kubectl] = findKubectls();

describe('kubectl and its cases', {
  skip: kubectl === undefined && 'no kubectl on PATH',
  concurrency: 2,
}, () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ store: 'memory', controllers: '*', simulatedNodes: 3 });
  });
  after(() => server?.stop());

  for (const file of readdirSync(folder).sort()) {
    const transcript = readTranscript(path.join(folder, file));
    const name = path.basename(file, '.txt');
    const isForThis = kubectl !== undefined && appliesTo(transcript.needs, kubectl.minor);
    test(name, { skip: !isForThis && 'this session is for another kubectl version' }, async () => {
      if (kubectl === undefined) return;
      const session = await openSession(server, { kubectl, name });
      await checkTranscript(transcript, { ...session, patterns: generatedNames }, kubectl);
    });
  }
});
