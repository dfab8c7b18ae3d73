/**
 * The command line, and the composition root: the only place that makes clocks, sockets and processes.
 * Exit codes: 0 done, 1 failed, 2 the command line is wrong.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Stripped and compiled sources are kept between starts: that is two thirds of the time a start takes.
enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'wherry'));

const { runCommandLine } = await import('./commands/command-line.ts');
// Whatever a failed start may have left open must not keep the process.
process.exit(await runCommandLine(process.argv.slice(2)));
