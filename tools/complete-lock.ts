/**
 * Adds to package-lock.json the platform packages that npm left out of it. Run: npm run lock, after every
 * `npm install <package>`.
 *
 * npm writes an optional dependency into the lock only when the registry has it at that moment. A registry
 * that lags behind for, say, the macOS build of biome gives a lock that `npm ci` then refuses ("Missing:
 * ... from lock file"), on every platform. The missing entries are facts of the parent package (name and exact
 * version), so they can be written down; os and cpu come from the package's name and keep npm from fetching it
 * elsewhere.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

interface LockEntry {
  version?: string;
  integrity?: string;
  resolved?: string;
  dev?: boolean;
  optional?: boolean;
  cpu?: string[];
  os?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

interface Lock {
  packages: Record<string, LockEntry>;
}

const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'sunos', 'win32'];
const processors = [
  'arm64',
  'arm',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
];

/** The os, cpu and libc that a platform package's name tells; undefined when it names no platform. */
function platformOf(name: string): Pick<LockEntry, 'os' | 'cpu' | 'libc'> | undefined {
  const words = name.split(/[/_-]/);
  const os = systems.filter((system) => words.includes(system));
  const cpu = processors.filter((processor) => words.includes(processor));
  if (os.length === 0 && cpu.length === 0) return undefined;
  const musl = words.some((word) => word.startsWith('musl'));
  const libc = os[0] === 'linux' ? [musl ? 'musl' : 'glibc'] : undefined;
  return { ...(cpu.length > 0 && { cpu }), ...(os.length > 0 && { os }), ...(libc && { libc }) };
}

/** Every platform package that some entry names with an exact version and that has no entry of its own. */
export function missingPlatformPackages(lock: Lock): Map<string, LockEntry> {
  const missing = new Map<string, LockEntry>();
  for (const entry of Object.values(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const key = `node_modules/${name}`;
      const platform = platformOf(name);
      if (Object.hasOwn(lock.packages, key) || platform === undefined || !/^\d/.test(version)) continue;
      missing.set(key, { version, ...platform, ...(entry.dev && { dev: true }), optional: true });
    }
  }
  return missing;
}

if (import.meta.main) {
  const file = path.join(import.meta.dirname, '../package-lock.json');
  const lock = JSON.parse(readFileSync(file, 'utf8')) as Lock;
  const missing = missingPlatformPackages(lock);
  const entries = [...Object.entries(lock.packages), ...missing].sort(([a], [b]) => a.localeCompare(b, 'en'));
  lock.packages = Object.fromEntries(entries);
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(
    missing.size === 0 ? 'package-lock.json is complete.' : `Added: ${[...missing.keys()].join(', ')}`,
  );
}
