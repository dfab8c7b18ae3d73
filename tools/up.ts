/**
 * From a fresh clone to a cluster that answers. Run: npm run up [-- <options of bin/wherry up>]
 *
 * What is missing has been installed before (tools/setup.mjs). The rest is `bin/wherry up`, which says by itself what it
 * does, and what cannot be done here.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';

const program = path.join(import.meta.dirname, '../bin/wherry');
const up = spawn(program, ['up', ...process.argv.slice(2)], { stdio: 'inherit' });
// Ctrl-C reaches it by itself, as a member of the terminal's process group: only wait for it here.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => up.kill('SIGTERM'));
up.on('error', (error) => {
  console.error(`bin/wherry does not start: ${error.message}`);
  process.exitCode = 1;
});
up.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
