/** The commands of scenarios. Those that kubectl has, too, print what kubectl prints. */
import { parseAllDocuments, stringify } from 'yaml';
import { resourcePath } from '../../src/client/url.ts';
import type { Pod } from '../../src/kinds/generated/types.ts';
import type { Kind } from '../../src/kinds/kind.ts';
import type { AnyObject, KubeObject } from '../../src/kinds/object.ts';
import { noFaults, usualFaults } from '../../src/testing/faults.ts';
import { type Arguments, kindFor, milliseconds, option, target } from './arguments.ts';
import { kindOf, type Session } from './session.ts';

export type Command = (session: Session, given: Arguments) => Promise<string> | string;

const namespaceOf = (given: Arguments): string => option(given, '-n', '--namespace') ?? 'default';

const pathOf = (given: Arguments, kind: Kind, name?: string, subresource?: string): string =>
  resourcePath(kind, {
    namespace: given.options.has('-A') ? undefined : namespaceOf(given),
    name,
    subresource,
  });

/** `pod/web`, `deployment.apps/web` */
const shown = (kind: Kind, name: string | undefined): string =>
  `${kind.singular}${kind.group === '' ? '' : `.${kind.group}`}/${name}`;

function named(given: Arguments): { kind: Kind; name: string } {
  const { kind, name } = target(given);
  if (name === undefined) throw new Error(`${given.command} needs a name`);
  return { kind, name };
}

/** Reads its objects from the lines below. */
const create: Command = async (session, given) => {
  let output = '';
  for (const document of parseAllDocuments(given.input)) {
    const object = document.toJS() as KubeObject;
    const kind = kindOf(object);
    const made = await session.call(
      'POST',
      resourcePath(kind, { namespace: object.metadata.namespace ?? namespaceOf(given) }),
      object,
    );
    output += `${shown(kind, made.metadata.name)} created\n`;
  }
  await session.simulation.settle();
  return output;
};

/** run NAME [--node N] [--restart P] [--grace S] [--init NAME] [--sidecar NAME] [--sim crash=true] */
const run: Command = async (session, given) => {
  const name = given.words[0] ?? '';
  const simulated = (given.options.get('--sim') ?? []).map((pair) => {
    const [key, value = 'true'] = pair.split('=');
    return [`sim.wherry.dev/${key}`, value];
  });
  const first = [
    ...(given.options.get('--init') ?? []).map((init) => ({ name: init, image: 'busybox:1.37' })),
    ...(given.options.get('--sidecar') ?? []).map((sidecar) => ({
      name: sidecar,
      image: 'busybox:1.37',
      restartPolicy: 'Always',
    })),
  ];
  const grace = option(given, '--grace');
  const pod: Pod = {
    metadata: { name, labels: { run: name }, annotations: Object.fromEntries(simulated) },
    spec: {
      nodeName: option(given, '--node'),
      restartPolicy: option(given, '--restart'),
      terminationGracePeriodSeconds: grace === undefined ? undefined : Number(grace),
      ...(first.length > 0 ? { initContainers: first } : {}),
      containers: [{ name, image: option(given, '--image') ?? 'nginx:1.29' }],
    },
  };
  await session.call('POST', resourcePath(kindFor('pods'), { namespace: namespaceOf(given) }), pod);
  await session.simulation.settle();
  return `pod/${name} created\n`;
};

/** The scheduler's word, said by hand. */
const bind: Command = async (session, given) => {
  const [name = '', node = ''] = given.words;
  const body = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name },
    target: { kind: 'Node', name: node },
  };
  await session.call('POST', pathOf(given, kindFor('pods'), name, 'binding'), body);
  await session.simulation.settle();
  return '';
};

interface Table {
  columnDefinitions: { name: string; priority?: number }[];
  rows: { cells: unknown[]; object: KubeObject }[];
}

function printTable(
  { columnDefinitions, rows }: Table,
  options: { wide: boolean; namespaced: boolean },
): string {
  const used = columnDefinitions.flatMap(({ priority }, index) => (options.wide || !priority ? [index] : []));
  const cells = [
    columnDefinitions.map(({ name }) => name.toUpperCase()),
    ...rows.map((row) => row.cells.map(String)),
  ].map((row, index) => [
    ...(options.namespaced
      ? [index === 0 ? 'NAMESPACE' : (rows[index - 1]?.object.metadata.namespace ?? '')]
      : []),
    ...used.map((column) => row[column] ?? ''),
  ]);
  const widths = (cells[0] ?? []).map((_cell, column) =>
    Math.max(...cells.map((row) => (row[column] ?? '').length)),
  );
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 3))
        .join('')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** `.status.conditions.0.type` */
function valueAt(object: unknown, path: string): unknown {
  return path
    .split('.')
    .filter((part) => part !== '')
    .reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], object);
}

/** get KIND [NAME] [-n N | -A] [-l SELECTOR] [-o wide|yaml|path=.status.phase] */
const get: Command = async (session, given) => {
  const { kind, name } = target(given);
  const format = option(given, '-o') ?? '';
  const selector = option(given, '-l');
  const url =
    pathOf(given, kind, name) +
    (selector === undefined ? '' : `?labelSelector=${encodeURIComponent(selector)}`);
  if (format === 'yaml' || format.startsWith('path=')) {
    const object = await session.call('GET', url);
    delete object.metadata.managedFields;
    const value = format === 'yaml' ? object : (valueAt(object, format.slice('path='.length)) ?? '');
    return typeof value === 'object' ? stringify(value) : `${value}\n`;
  }
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const table = (await session.call('GET', url, undefined, { accept })) as AnyObject & Table;
  const namespaced = given.options.has('-A');
  if (table.rows.length === 0)
    return kind.scope === 'Namespaced' && !namespaced
      ? `No resources found in ${namespaceOf(given)} namespace.\n`
      : 'No resources found\n';
  return printTable(table, { wide: format === 'wide', namespaced });
};

/** delete KIND NAME [--grace S] [--cascade orphan] */
const remove: Command = async (session, given) => {
  const { kind, name } = named(given);
  const policies: Record<string, string> = {
    orphan: 'Orphan',
    background: 'Background',
    foreground: 'Foreground',
  };
  const grace = option(given, '--grace');
  const body = {
    gracePeriodSeconds: grace === undefined ? undefined : Number(grace),
    propagationPolicy: policies[option(given, '--cascade') ?? ''],
  };
  await session.call('DELETE', pathOf(given, kind, name), body);
  await session.simulation.settle();
  return `${kind.singular}${kind.group === '' ? '' : `.${kind.group}`} "${name}" deleted\n`;
};

async function merge(session: Session, given: Arguments, body: unknown): Promise<string> {
  const { kind, name } = named(given);
  await session.call('PATCH', pathOf(given, kind, name), body, {
    'content-type': 'application/merge-patch+json',
  });
  await session.simulation.settle();
  return shown(kind, name);
}

/** label KIND/NAME colour=blue old- */
const label: Command = async (session, given) =>
  `${await merge(session, given, { metadata: { labels: Object.fromEntries(given.pairs) } })} labeled\n`;

const annotate: Command = async (session, given) =>
  `${await merge(session, given, { metadata: { annotations: Object.fromEntries(given.pairs) } })} annotated\n`;

/** patch KIND/NAME '{"spec":...}': a merge patch */
const patch: Command = async (session, given) =>
  `${await merge(session, given, JSON.parse(given.words.at(-1) ?? ''))} patched\n`;

/** scale KIND/NAME --replicas 3 */
const scale: Command = async (session, given) => {
  const { kind, name } = named(given);
  const body = { spec: { replicas: Number(option(given, '--replicas')) } };
  const headers = { 'content-type': 'application/merge-patch+json' };
  await session.call('PATCH', pathOf(given, kind, name, 'scale'), body, headers);
  await session.simulation.settle();
  return `${shown(kind, name)} scaled\n`;
};

/** tick 2s */
const tick: Command = async (session, { words }) => {
  await session.simulation.advance(milliseconds(words[0] ?? ''));
  return '';
};

/** node down|up|reboot NAME; a rebooted node has lost its containers */
const node: Command = async ({ simulation, world }, { words }) => {
  const [how = '', name = ''] = words;
  if (how === 'down') simulation.nodes.down(name);
  else if (how === 'up' || how === 'reboot') simulation.nodes.up(name, { rebooted: how === 'reboot' });
  else throw new Error(`node ${how}: down, up or reboot is wanted`);
  world.noteSwitch(name);
  await simulation.settle();
  return '';
};

/** restart COMPONENT: its process ends and starts anew */
const restart: Command = async ({ simulation }, { words }) => {
  await simulation.restart(words[0] ?? '');
  return '';
};

/** faults on|off */
const faults: Command = ({ simulation }, { words }) => {
  simulation.setFaults(words[0] === 'on' ? usualFaults : noFaults);
  return '';
};

/** watch KIND: its changes are told below every command from now on; unwatch ends that */
const watch: Command = (session, { words }) => {
  session.watch(kindFor(words[0] ?? ''));
  return '';
};

const unwatch: Command = (session) => {
  session.unwatch();
  return '';
};

/** check: the invariants; check settled: those of a cluster in peace, too */
const check: Command = (session, { words }) => {
  const found = session.violations(words[0] === 'settled');
  return found.length === 0 ? 'all invariants hold\n' : found.map((line) => `${line}\n`).join('');
};

export const commands: Readonly<Record<string, Command>> = {
  annotate,
  bind,
  check,
  create,
  delete: remove,
  faults,
  get,
  label,
  node,
  patch,
  restart,
  run,
  scale,
  tick,
  unwatch,
  watch,
};
