/**
 * Runs every test with node:test and ends on its closing lines. Run: npm test [-- <file or pattern> ...]
 *
 * A terminal gets the readable report; a file or a pipe gets TAP, whose last lines are the totals.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const reporter = process.stdout.isTTY ? 'spec' : 'tap';
const patterns = process.argv.slice(2);
const files = patterns.length > 0 ? patterns : ['src/**/*.test.ts', 'test/**/*.test.ts'];
const seed = path.join(import.meta.dirname, 'fixed-seed.ts');
const args = ['--test', '--import', seed, `--test-reporter=${reporter}`, ...files];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
