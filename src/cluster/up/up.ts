/** `wherry up`: from nothing, or from whatever is left of it, to a cluster that answers. */
import { type Api, kubeconfigFile } from './api.ts';
import { type ChoiceRequest, chooseCluster } from './choose.ts';
import { askDemo, createDemo, type DemoAnswer, hasDemo } from './demo.ts';
import { stopCluster, stopNode } from './down.ts';
import { importImages, provideImages } from './images.ts';
import { namespaceNames } from './ip-command.ts';
import { withLock } from './lock.ts';
import { firewallDropsBridged, makeNetwork } from './network.ts';
import { startAgents, untilNodesReady } from './nodes.ts';
import type { Progress } from './progress.ts';
import { startServer } from './server.ts';
import { type ClusterSettings, hostAddress, type NodePlace, nodePlaces } from './settings.ts';
import { type ClusterState, newState, readState, StateFile } from './state.ts';

export interface UpRequest extends ChoiceRequest {
  readonly demo: boolean;
  /** After a failure everything is left as it is, for a look. */
  readonly keepFailed: boolean;
}

export interface UpResult {
  readonly settings: ClusterSettings;
  readonly kubeconfig: string;
  readonly demo: DemoAnswer | undefined;
}

/** Throws UserError and WherryError; then nothing of what it began is left, unless it was asked to keep it. */
export function up(request: UpRequest, progress: Progress): Promise<UpResult> {
  return withLock(request.dataDirectory, async () => {
    const found = await readState(request.dataDirectory);
    const { state, ranAlready } = await prepare(request, found, progress);
    const api = await make(request, state, progress).catch(async (failure: unknown) => {
      if (!ranAlready && !request.keepFailed)
        await progress.step('undoing', 'taking away what was made', async (step) => {
          await stopCluster(state, request.dataDirectory);
          step.result('what was made is taken away again; logs and data stay');
        });
      throw failure;
    });
    try {
      return {
        settings: state.current.settings,
        kubeconfig: kubeconfigFile(request.dataDirectory),
        // The cluster is whole: a demo that does not answer is left for a look.
        demo: await demo(request, state, { progress, api }),
      };
    } finally {
      await api.close();
    }
  });
}

/** Everything that can be found out before anything is made. */
async function prepare(
  request: UpRequest,
  found: ClusterState | undefined,
  progress: Progress,
): Promise<{ state: StateFile; ranAlready: boolean }> {
  const { settings, whyLoopback, isUp } = await progress.step(
    'checks',
    'privileges, packages, kernel, ranges',
    async (step) => {
      const choice = await chooseCluster(request, found);
      step.result(describe(choice.settings, choice.whyLoopback));
      return choice;
    },
  );
  for (const line of whyLoopback) progress.line(`            - ${line}`);
  const state = new StateFile(request.dataDirectory, found ?? newState(settings));
  await state.update({ settings });
  if (isUp) progress.line('  it runs already; what is missing of it is started');
  else if (found !== undefined) progress.line('  it was here before; it goes on with its data');
  return { state, ranAlready: isUp };
}

const describe = ({ mode }: ClusterSettings, why: readonly string[]): string =>
  mode === 'containers'
    ? 'containers can be run here'
    : why.length > 0
      ? 'no containers can be run here; instead a loopback cluster is made'
      : 'a loopback cluster needs nothing';

async function make(request: UpRequest, state: StateFile, progress: Progress): Promise<Api> {
  const { settings } = state.current;
  const places = settings.mode === 'containers' ? nodePlaces(settings, request.dataDirectory) : [];
  const images =
    settings.mode === 'containers' ? provideImages(request.dataDirectory, progress) : Promise.resolve();
  // Told where it is waited for.
  images.catch(() => {});
  if (settings.mode === 'containers') await network(state, places, progress);
  const api = await server(request, state, progress);
  try {
    await nodes(state, places, { request, progress, api, images });
    return api;
  } catch (failure) {
    await api.close();
    throw failure;
  }
}

async function network(state: StateFile, places: readonly NodePlace[], progress: Progress): Promise<void> {
  const { settings } = state.current;
  await progress.step('network', `bridge ${settings.bridge}, ${places.length} namespaces`, async (step) => {
    // The agent of a namespace that is gone lives on in what nobody can reach any more.
    const there = await namespaceNames();
    const gone = places.filter(({ namespace }) => !there.has(namespace));
    await Promise.all(gone.map((place) => stopNode(state, place)));
    await state.update({ network: true });
    await makeNetwork(settings, places);
    const [first, last] = [places[0]?.address, places.at(-1)?.address];
    step.result(
      `${settings.bridge} ${hostAddress(settings)}, nodes ${[...new Set([first, last])].join(' to ')}`,
    );
  });
  if (await firewallDropsBridged())
    progress.line(
      "            - this machine's firewall drops what is forwarded, also between nodes: pods on two nodes may not\n" +
        `              reach each other; to allow it: iptables -I FORWARD -i ${settings.bridge} -o ${settings.bridge} -j ACCEPT`,
    );
}

function server(request: UpRequest, state: StateFile, progress: Progress): Promise<Api> {
  return progress.step('server', 'starting', async (step) => {
    const { api, ranAlready } = await startServer(state, request.dataDirectory);
    step.result(`${api.url}${ranAlready ? ', as before' : ''}`);
    return api;
  });
}

async function nodes(
  state: StateFile,
  places: readonly NodePlace[],
  options: { request: UpRequest; progress: Progress; api: Api; images: Promise<void> },
): Promise<void> {
  const { request, progress, api, images } = options;
  const { settings } = state.current;
  const all = settings.nodes;
  await progress.step('nodes', `0 of ${all} Ready`, async (step) => {
    if (settings.mode === 'loopback') {
      step.result(`${all} simulated: pods listen and answer, no container runs`);
      return;
    }
    const sinceMilliseconds = Date.now();
    const started = await startAgents(state, places, request.dataDirectory);
    const imported = images.then(() => importImages(request.dataDirectory, places));
    // Told where it is waited for.
    imported.catch(() => {});
    await untilNodesReady({
      api,
      state,
      places,
      started,
      sinceMilliseconds,
      onProgress: (ready) => step.tell(`${ready} of ${all} Ready`),
    });
    step.tell(`${all} of ${all} Ready, bringing them their images`);
    await imported;
    step.result(`${all} of ${all} Ready`);
  });
}

async function demo(
  request: UpRequest,
  state: StateFile,
  { progress, api }: { progress: Progress; api: Api },
): Promise<DemoAnswer | undefined> {
  if (!request.demo || (state.current.demo && !(await hasDemo(api)))) return undefined;
  return progress.step('demo', 'Deployment and Service hello', async (step) => {
    if (!state.current.demo) {
      await createDemo(api);
      await state.update({ demo: true });
    }
    const answer = await askDemo(api, { mode: state.current.settings.mode, onProgress: step.tell });
    step.result(`curl http://${answer.address}  ->  ${answer.text}`);
    return answer;
  });
}
