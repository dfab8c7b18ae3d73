/**
 * Which Go package a model belongs to, as OpenAPI names it: `io.k8s.api.core.v1`. The model names of client-node do
 * not say it; the folders of kubernetes-models do.
 */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);
/** Neither package exports its root, so the place is found from a neighbour. */
const modelsRoot = path.join(
  path.dirname(require.resolve('@kubernetes/client-node')),
  '../../../kubernetes-models',
);
const machineryRoot = path.join(modelsRoot, '../@kubernetes-models/apimachinery');

/** Groups whose types do not live in k8s.io/api. */
const otherPackages: Readonly<Record<string, string>> = {
  'apiextensions.k8s.io': 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
  'apiregistration.k8s.io': 'io.k8s.kube-aggregator.pkg.apis.apiregistration',
};

function namesIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.d.ts') && file !== 'index.d.ts')
    .map((file) => file.slice(0, -'.d.ts'.length));
}

/** `v1/PodSpec` -> the packages that have such a type. */
function readPackages(): Map<string, string[]> {
  const packages = new Map<string, string[]>();
  const add = (version: string, name: string, ofPackage: string) => {
    const key = `${version}/${name}`;
    packages.set(key, [...(packages.get(key) ?? []), `${ofPackage}.${version}`]);
  };
  for (const entry of readdirSync(modelsRoot, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name === '_schemas' || entry.name === 'node_modules') continue;
    const directory = path.join(modelsRoot, entry.name);
    if (entry.name === 'v1') for (const name of namesIn(directory)) add('v1', name, 'io.k8s.api.core');
    else
      for (const version of readdirSync(directory).filter((each) => /^v\d+$/.test(each)))
        for (const name of namesIn(path.join(directory, version)))
          add(version, name, otherPackages[entry.name] ?? `io.k8s.api.${entry.name.split('.')[0]}`);
  }
  for (const name of namesIn(path.join(machineryRoot, 'apis/meta/v1')))
    add('v1', name, 'io.k8s.apimachinery.pkg.apis.meta');
  return packages;
}

const packages = readPackages();

/** `EventsV1Event` -> `{ package: 'io.k8s.api.events.v1', name: 'Event' }`. Throws when it is not plain which. */
export function packageOf(model: string): { package: string; name: string } {
  const match = /^([A-Z][a-z]+)??(V\d)([A-Z].*)$/.exec(model);
  if (match === null) throw new Error(`${model} is not a model name`);
  const [, prefix, version, name] = match as unknown as [string, string | undefined, string, string];
  const candidates = (packages.get(`${version.toLowerCase()}/${name}`) ?? []).filter(
    (each) => prefix === undefined || each.split('.').at(-2) === prefix.toLowerCase(),
  );
  if (candidates.length !== 1) throw new Error(`${model} is in ${candidates.join(', ') || 'no package'}`);
  return { package: candidates[0] as string, name };
}
