/** What is answered in one piece: health, pods, metrics, statistics. Source: kubelet/server/server.go. */
import type { ContainerRuntime } from '../../cri/runtime.ts';
import type { Pod } from '../../kinds/generated/types.ts';
import type { MetricsRegistry } from '../../lib/metrics.ts';
import type { PodLookup } from '../known-pods.ts';
import { containerLabels, podLabels } from '../labels.ts';
import { type Answer, json, Refusal, text } from './answer.ts';
import { allowOnly, notFound } from './requests.ts';
import type { StatsSummary } from './stats.ts';

export interface PlainServing {
  readonly pods: PodLookup;
  readonly runtime: Pick<ContainerRuntime, 'containers'>;
  readonly metrics?: MetricsRegistry;
  /** As `/configz` tells it, under `kubeletconfig`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Why the agent does not do its work; undefined: it does. */
  readonly trouble?: () => string | undefined;
  readonly stats: () => Promise<StatsSummary>;
}

/** The parts that `/healthz` is made of; only the last can fail while there is somebody to answer. */
const healthChecks = ['ping', 'log', 'syncloop'];

export async function answerPlain(
  serving: PlainServing,
  path: string,
  method: string | undefined,
): Promise<Answer> {
  const [, first = '', ...rest] = path.replace(/\/$/, '').split('/');
  if (first === 'logs') throw new Refusal(405, 'logs endpoint is disabled.\n');
  if (first === 'healthz') return health(serving, rest);
  if (first === 'metrics' && rest.length === 0)
    return text(200, serving.metrics?.render() ?? '', { 'content-type': 'text/plain; version=0.0.4' });
  const list = lists[[first, ...rest].join('/')];
  if (list === undefined) throw notFound();
  allowOnly(method, ['GET']);
  return json(await list(serving));
}

const lists: Readonly<Record<string, (serving: PlainServing) => unknown>> = Object.assign(
  Object.create(null),
  {
    pods: ({ pods }: PlainServing) => podList(pods.list()),
    runningpods: async ({ runtime }: PlainServing) => podList(await runningPods(runtime)),
    configz: ({ config = {} }: PlainServing) => ({ kubeletconfig: config }),
    stats: ({ stats }: PlainServing) => stats(),
    'stats/summary': ({ stats }: PlainServing) => stats(),
  },
);

function health({ trouble }: PlainServing, rest: readonly string[]): Answer {
  const [check] = rest;
  if (rest.length > 1 || (check !== undefined && !healthChecks.includes(check))) throw notFound();
  const why = check === undefined || check === 'syncloop' ? trouble?.() : undefined;
  if (why === undefined) return text(200, 'ok');
  if (check !== undefined) throw new Refusal(500, `internal server error: ${why}\n`);
  const lines = healthChecks.map((name) =>
    name === 'syncloop' ? `[-]${name} failed: reason withheld\n` : `[+]${name} ok\n`,
  );
  throw new Refusal(500, `${lines.join('')}healthz check failed\n`);
}

const podList = (items: readonly Pod[]) => ({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items });

/** As far as the runtime knows them. */
async function runningPods({ containers }: PlainServing['runtime']): Promise<Pod[]> {
  const pods = new Map<string, Pod>();
  for (const { labels, metadata, image } of await containers.list({ state: 'Running' })) {
    const uid = labels[podLabels.uid] ?? '';
    const pod = pods.get(uid) ?? {
      metadata: { name: labels[podLabels.name] ?? '', namespace: labels[podLabels.namespace] ?? '', uid },
      spec: { containers: [] },
      status: {},
    };
    const name = labels[containerLabels.name] ?? metadata.name;
    pod.spec?.containers.push({ name, image, resources: {} });
    pods.set(uid, pod);
  }
  return [...pods.values()];
}
