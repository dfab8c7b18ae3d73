/** What is done to the cluster itself: its nodes, its loops, its limits, and the ways between them. */
import type { Deployment, Node } from '../../src/kinds/generated/types.ts';
import { noFaults, usualFaults } from '../../src/testing/faults.ts';
import { podsOf } from '../../src/testing/world.ts';
import { type Act, number, pick, type Run } from './run.ts';

async function switchNode(run: Run): Promise<string> {
  const { simulation, world } = run;
  const name = pick(run, simulation.nodes.names) ?? '';
  const isUp = simulation.nodes.isUp(name);
  const rebooted = simulation.random.next() < 0.5;
  if (isUp) simulation.nodes.down(name);
  else simulation.nodes.up(name, { rebooted });
  world.noteSwitch(name);
  return isUp ? `${name} down` : `${name} up${rebooted ? ', rebooted' : ''}`;
}

/** Only one that is down: another would come back at once. */
async function deleteNode(run: Run): Promise<string | undefined> {
  const { simulation, world } = run;
  const name = pick(
    run,
    simulation.nodes.names.filter((each) => !simulation.nodes.isUp(each)),
  );
  if (name === undefined || !world.of<Node>('core/nodes').some(({ metadata }) => metadata.name === name))
    return undefined;
  await simulation.client.of('Node').delete({ name });
  return `delete ${name}`;
}

const patchNode = async ({ simulation }: Run, name: string, spec: object): Promise<string> => {
  await simulation.client.of('Node').patch({ name }, { type: 'strategic', patch: { spec } });
  return `patch ${name} ${JSON.stringify(spec)}`;
};

async function cordon(run: Run): Promise<string> {
  const name = pick(run, run.simulation.nodes.names) ?? '';
  const told = await patchNode(run, name, { unschedulable: true });
  const at = run.simulation.clock.now() + number(run, 60_000);
  run.later.push({ at, act: (later) => patchNode(later, name, { unschedulable: null }) });
  return told;
}

const taintKey = 'example.com/maintenance';

/** The list is replaced as a whole: other taints on it are others'. */
function setTaint(run: Run, name: string, effect: string | undefined): Promise<string> {
  const node = run.world.of<Node>('core/nodes').find(({ metadata }) => metadata.name === name);
  const others = (node?.spec?.taints ?? []).filter(({ key }) => key !== taintKey);
  const taints = effect === undefined ? others : [...others, { key: taintKey, effect }];
  return patchNode(run, name, { taints });
}

async function taint(run: Run): Promise<string> {
  const name = pick(run, run.simulation.nodes.names) ?? '';
  const told = await setTaint(run, name, pick(run, ['NoSchedule', 'NoExecute']));
  const at = run.simulation.clock.now() + number(run, 60_000);
  run.later.push({ at, act: (later) => setTaint(later, name, undefined) });
  return told;
}

async function restartComponent({ simulation, ...run }: Run): Promise<string> {
  const name = pick({ simulation, ...run }, ['controllers', 'controllers', 'scheduler', 'nodes']) ?? '';
  await simulation.restart(name);
  return `restart the ${name}`;
}

async function switchFaults(run: Run): Promise<string> {
  const isFaulty = run.simulation.random.next() < 0.7;
  run.simulation.setFaults(isFaulty ? usualFaults : noFaults);
  return `faults ${isFaulty ? 'on' : 'off'}`;
}

async function createBudget(run: Run): Promise<string | undefined> {
  const deployment = pick(run, run.world.of<Deployment>('apps/deployments'));
  if (deployment === undefined) return undefined;
  const { name: app = '', namespace } = deployment.metadata;
  const name = `budget-${++run.made}`;
  const limit = pick(run, [{ minAvailable: 1 }, { minAvailable: 2 }, { maxUnavailable: 1 }]);
  await run.simulation.client.of('PodDisruptionBudget').create({
    metadata: { name, namespace },
    spec: { ...limit, selector: { matchLabels: { app } } },
  });
  return `create budget ${name} for ${app} ${JSON.stringify(limit)}`;
}

/** Past the client, which would wait for the clock when it is refused. */
async function evict(run: Run): Promise<string | undefined> {
  const pod = pick(run, podsOf(run.world));
  if (pod === undefined) return undefined;
  const { name, namespace } = pod.metadata;
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
  const { status } = await run.simulation.transport.send({
    method: 'POST',
    url: `/api/v1/namespaces/${namespace}/pods/${name}/eviction`,
    headers: { 'content-type': 'application/json', 'user-agent': 'kubectl/v1.36.0' },
    body: Buffer.from(JSON.stringify(body)),
  });
  return `evict ${name}: ${status}`;
}

/** For a while: whoever is refused for long waits long before the next try. */
async function limit(run: Run): Promise<string | undefined> {
  if (run.world.of('core/resourcequotas').length > 0) return undefined;
  const name = `quota-${++run.made}`;
  const hard = pick<Record<string, string>>(run, [
    { pods: '6' },
    { pods: '10', services: '3' },
    { 'requests.cpu': '2500m', pods: '20' },
  ]);
  const { client, clock } = run.simulation;
  await client.of('ResourceQuota').create({ metadata: { name, namespace: 'default' }, spec: { hard } });
  run.later.push({
    at: clock.now() + 60_000,
    act: async () => {
      await client.of('ResourceQuota').delete({ name, namespace: 'default' });
      return `delete quota ${name}`;
    },
  });
  return `create quota ${name} ${JSON.stringify(hard)}`;
}

async function createNamespace(run: Run): Promise<string> {
  const name = `team-${++run.made}`;
  await run.simulation.client.of('Namespace').create({ metadata: { name } });
  return `create namespace ${name}`;
}

async function deleteNamespace(run: Run): Promise<string | undefined> {
  const { client } = run.simulation;
  const found = pick(
    run,
    run.world.of('core/namespaces').filter(({ metadata }) => metadata.name?.startsWith('team-')),
  );
  if (found === undefined) return undefined;
  await client.of('Namespace').delete({ name: found.metadata.name ?? '' });
  return `delete namespace ${found.metadata.name}`;
}

/** As often as they stand here. */
export const clusterActs: readonly Act[] = [
  switchNode,
  switchNode,
  deleteNode,
  cordon,
  taint,
  restartComponent,
  restartComponent,
  switchFaults,
  createBudget,
  evict,
  evict,
  limit,
  createNamespace,
  deleteNamespace,
];
