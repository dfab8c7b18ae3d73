/** The tidy rules: each takes parsed files and answers with violations, one line of text each. */
import path from 'node:path';
import type { ParsedFile, SourceFile, Use } from './source.ts';

/** Folder (or file) -> the folders it may import, as in ARCHITECTURE.md; 'everything' for composition roots. */
export type Ladder = Record<string, readonly string[] | 'everything'>;

const isTest = (file: SourceFile) => file.path.endsWith('.test.ts');
const isGenerated = (file: SourceFile) => file.path.includes('/generated/');

/** `src/store/sqlite.ts` -> `src/store`; `src/main.ts` -> `src/main.ts`; `test/tidy/rules.ts` -> `test`. */
function rungOf(file: string): string {
  const parts = file.split('/');
  if (parts[0] !== 'src') return parts[0] ?? file;
  return parts.slice(0, 2).join('/');
}

function resolveImport(file: SourceFile, specifier: string): string {
  return path.posix.normalize(path.posix.join(path.posix.dirname(file.path), specifier));
}

const isRelative = (specifier: string) => specifier.startsWith('.');

/** A test may also use the shared test helpers; it is never imported itself. */
function mayImport(ladder: Ladder, file: SourceFile, target: string): boolean {
  const allowed = ladder[rungOf(file.path)];
  if (allowed === 'everything' || rungOf(file.path) === target) return true;
  if (isTest(file) && (target === 'src/testing' || target === 'test')) return true;
  return allowed?.includes(target) ?? false;
}

export function ladderViolations(files: readonly ParsedFile[], ladder: Ladder): string[] {
  return files.flatMap((file) => {
    const rung = rungOf(file.path);
    if (!Object.hasOwn(ladder, rung)) return [`${file.path}: ${rung} is not in the ladder`];
    return file.imports
      .filter(({ specifier }) => isRelative(specifier))
      .map(({ specifier, line }) => ({ line, target: rungOf(resolveImport(file, specifier)) }))
      .filter(({ target }) => !mayImport(ladder, file, target))
      .map(({ line, target }) => `${file.path}:${line}: ${rung} may not import ${target}`);
  });
}

export function extensionViolations(files: readonly ParsedFile[]): string[] {
  return files.flatMap((file) =>
    file.imports
      .filter(({ specifier }) => isRelative(specifier) && !/\.(ts|mjs|json)$/.test(specifier))
      .map(({ specifier, line }) => `${file.path}:${line}: import of '${specifier}' does not end in .ts`),
  );
}

/** Files that import each other in a circle, type imports included: each circle once, from its first file. */
export function cycleViolations(files: readonly ParsedFile[]): string[] {
  const edges = new Map(
    files.map((file) => [
      file.path,
      file.imports
        .filter(({ specifier }) => isRelative(specifier))
        .map((each) => resolveImport(file, each.specifier)),
    ]),
  );
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: string[]) => {
    const at = trail.indexOf(file);
    if (at >= 0) {
      cycles.push([...trail.slice(at), file].join(' -> '));
      return;
    }
    if (done.has(file)) return;
    for (const target of edges.get(file) ?? []) visit(target, [...trail, file]);
    done.add(file);
  };
  for (const file of [...edges.keys()].sort()) visit(file, []);
  return cycles.map((cycle) => `import cycle: ${cycle}`);
}

/** Why each of these is an argument, not a global: time, randomness and environment come from src/commands. */
const bannedUses: readonly { matches: (use: Use) => boolean; instead: string }[] = [
  { matches: ({ name }) => /^(globalThis\.)?Date\.now$/.test(name), instead: 'a Clock' },
  { matches: ({ name }) => /^(globalThis\.)?performance\.now$/.test(name), instead: 'a Clock' },
  { matches: ({ name, args }) => name === 'new Date' && args.length === 0, instead: 'a Clock' },
  { matches: ({ name, call }) => name === 'Date' && call, instead: 'a Clock' },
  { matches: ({ name }) => /^(globalThis\.)?set(Timeout|Interval)$/.test(name), instead: 'a Clock' },
  { matches: ({ name }) => /^(globalThis\.)?Math\.random$/.test(name), instead: 'a Random' },
  { matches: ({ name }) => /(^|\.)randomUUID$/.test(name), instead: 'a Random' },
  { matches: ({ name }) => /^(globalThis\.)?process\.env(\.|$)/.test(name), instead: 'an option' },
];

export function bannedViolations(files: readonly ParsedFile[], allowed: readonly RegExp[]): string[] {
  return files
    .filter((file) => file.path.startsWith('src/') && !isTest(file))
    .filter((file) => !allowed.some((pattern) => pattern.test(file.path)))
    .flatMap((file) => [
      ...file.uses.flatMap((use) => {
        const banned = bannedUses.find(({ matches }) => matches(use));
        return banned === undefined
          ? []
          : [`${file.path}:${use.line}: ${use.name} is banned: take ${banned.instead}`];
      }),
      ...file.imports
        .filter(({ specifier }) => /^(node:)?timers(\/|$)/.test(specifier))
        .map(({ specifier, line }) => `${file.path}:${line}: ${specifier} is banned: take a Clock`),
    ])
    .filter((violation, index, all) => all.indexOf(violation) === index);
}

export interface SizeLimits {
  fileLines: number;
  functionLines: number;
}

/** A test file is a table of cases inside one callback, so only its file is measured; generated files are free. */
export function sizeViolations(files: readonly ParsedFile[], limits: SizeLimits): string[] {
  return files
    .filter((file) => !isGenerated(file))
    .flatMap((file) => {
      const lines = file.text.split('\n').length - 1;
      const tooLong = isTest(file) ? [] : file.functions.filter((each) => each.lines > limits.functionLines);
      return [
        ...(lines > limits.fileLines ? [`${file.path}: ${lines} lines, at most ${limits.fileLines}`] : []),
        ...tooLong.map(
          (each) =>
            `${file.path}:${each.line}: function ${each.name} has ${each.lines} lines, at most ${limits.functionLines}`,
        ),
      ];
    });
}

/** `test.only` and friends never; a skip or todo only as `{ skip: 'why' }` or `t.skip('why')`. */
export function skipViolations(files: readonly ParsedFile[]): string[] {
  const withoutReason = (use: Use, key: 'skip' | 'todo') =>
    use.args.some((arg) => {
      const options = arg as Record<string, unknown> | null | undefined;
      return typeof options === 'object' && options !== null && options[key] === true;
    });
  const complaint = (use: Use): string | undefined => {
    const [, object, verb] = /^(\w+)\.(only|skip|todo)$/.exec(use.name) ?? [];
    const isRunner = object !== undefined && ['test', 'it', 'describe', 'suite'].includes(object);
    if (isRunner && verb === 'only') return `${use.name} leaves the other tests out`;
    if (isRunner && use.call) return `${use.name} gives no reason: use { ${verb}: 'why' }`;
    const isContext = object === 't' || object === 'context';
    if (isContext && use.call && verb !== 'only') {
      // A reason that is not a literal (a variable, a template) is taken at its word.
      const givesReason =
        use.args.length > 0 && (use.args[0] === undefined || String(use.args[0]).trim() !== '');
      return givesReason ? undefined : `${use.name}() gives no reason`;
    }
    const only = use.args.some((arg) => (arg as { only?: unknown } | null | undefined)?.only === true);
    if (only) return '{ only: true } leaves the other tests out';
    for (const key of ['skip', 'todo'] as const) {
      if (withoutReason(use, key)) return `{ ${key}: true } gives no reason`;
    }
    return undefined;
  };
  return files.filter(isTest).flatMap((file) =>
    file.uses
      .filter(({ call }) => call)
      .flatMap((use) => {
        const found = complaint(use);
        return found === undefined ? [] : [`${file.path}:${use.line}: ${found}`];
      }),
  );
}

/**
 * Every source file with a function has its test: of the same name beside it, or another one in its folder that
 * imports it. `exceptions` maps others, or whole folders (with a `/` at the end), to where they are tested.
 */
export function missingTestViolations(
  files: readonly ParsedFile[],
  exceptions: Record<string, string>,
): string[] {
  const folderOf = path.posix.dirname;
  const tested = new Set(
    files.filter(isTest).flatMap((test) => {
      const imported = test.imports.map(({ specifier }) => resolveImport(test, specifier));
      const near = imported.filter((file) => `${folderOf(test.path)}/`.startsWith(`${folderOf(file)}/`));
      return [test.path.replace(/\.test\.ts$/, '.ts'), ...near];
    }),
  );
  const isListed = (file: string) =>
    Object.keys(exceptions).some((key) => (key.endsWith('/') ? file.startsWith(key) : file === key));
  const untested = files
    .filter((file) => file.path.startsWith('src/') && !isTest(file) && !isGenerated(file))
    .filter((file) => file.functions.length > 0 && !tested.has(file.path))
    .map((file) => file.path);
  const missing = untested.filter((file) => !isListed(file)).map((file) => `${file}: no test beside it`);
  const stale = Object.keys(exceptions)
    .filter((key) => !untested.some((file) => (key.endsWith('/') ? file.startsWith(key) : file === key)))
    .map((key) => `${key}: listed as an exception but gone or tested`);
  return [...missing, ...stale];
}

/** Text that ties the project to one machine or one package registry. */
export function machineViolations(files: readonly SourceFile[], hosts: readonly string[]): string[] {
  const patterns = [
    /\/(?:root|home\/[a-z][\w-]*|work)\/[\w.-]+/,
    /\bregistry\.(?!k8s\.io)[a-z0-9-]+\.[a-z]{2,}\b/,
    ...hosts.map((host) => new RegExp(host.replaceAll('.', '\\.'))),
  ];
  return files.flatMap((file) =>
    file.text.split('\n').flatMap((line, index) => {
      const found = patterns.map((pattern) => pattern.exec(line)?.[0]).find((match) => match !== undefined);
      return found === undefined
        ? []
        : [`${file.path}:${index + 1}: machine path or registry host '${found}'`];
    }),
  );
}
