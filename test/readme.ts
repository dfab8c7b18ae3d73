/** README.md, as tests read it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseTranscript, type Step } from './kubectl/transcript.ts';

export const readme = readFileSync(path.join(import.meta.dirname, '../README.md'), 'utf8');

/** The contents of its code blocks of a language. */
export function readmeBlocks(language: string): string[] {
  return [...readme.matchAll(/^```(\S*)\n(.*?)^```$/gms)]
    .filter(([, found]) => found === language)
    .map(([, , body]) => body ?? '');
}

/** The sessions in it. A README has blank lines inside outputs; in a transcript they are dots. */
export function readmeSteps(): Step[] {
  const text = readmeBlocks('console')
    .join('\n')
    .replaceAll(/^\n(?!\$ )/gm, '.\n');
  // What only looks may be looked at again: addresses and rules come a moment after the objects.
  const isLook = (command: string) => /^(curl|kubectl (get|exec)|bin\/wherry why) /.test(command);
  return parseTranscript('README.md', text).steps.map((step) => ({
    ...step,
    isEventual: isLook(step.command),
  }));
}
