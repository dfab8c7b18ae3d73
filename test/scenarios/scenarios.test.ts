/**
 * Every scenario in this folder, played whole. UPDATE_TRANSCRIPTS=1 rewrites the outputs; look at the difference before
 * you keep it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { controllerManager, scheduler } from '../../src/testing/components.ts';
import { playScenario } from './play.ts';
import { formatScenario, parseScenario } from './transcript.ts';

const folder = import.meta.dirname;
const components = { controllers: controllerManager, scheduler };
const update = process.env.UPDATE_TRANSCRIPTS === '1';

describe('scenarios', () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt'))) {
    test(path.basename(file, '.txt'), async () => {
      const text = readFileSync(path.join(folder, file), 'utf8');
      const played = formatScenario(await playScenario(parseScenario(file, text), components));
      if (update) writeFileSync(path.join(folder, file), played);
      else assert.equal(played, text);
    });
  }
});
