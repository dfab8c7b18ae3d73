/** The core sessions with every other kubectl on the machine, against the server with its durable store. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { findKubectls } from './kubectls.ts';
import { type RunningServer, startServer } from './server.ts';
import { checkTranscript, openSession } from './session.ts';
import { appliesTo, readTranscript } from './transcript.ts';

const folder = path.join(import.meta.dirname, 'transcripts');
const coreFiles = readdirSync(folder).filter((file) => /^core-.*\.txt$/.test(file));

const [, ...others] = findKubectls();
const skip = others.length === 0 ? 'no other kubectl than the one on PATH' : false;

describe('every other kubectl', { skip, concurrency: 2 }, () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ store: 'sqlite' });
  });
  after(() => server?.stop());

  for (const kubectl of others) {
    for (const file of coreFiles) {
      const transcript = readTranscript(path.join(folder, file));
      const name = path.basename(file, '.txt');
      const isForThis = appliesTo(transcript.needs, kubectl.minor);
      test(`${kubectl.name}: ${name}`, {
        skip: isForThis ? false : 'this session is for another version',
      }, async () => {
        const session = await openSession(server, { kubectl, name, suffix: `-${kubectl.minor}` });
        await checkTranscript(transcript, session, kubectl);
      });
    }
  }
});
