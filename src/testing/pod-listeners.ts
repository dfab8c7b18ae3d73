/**
 * Simulated pods that can be talked to: each listens on its own address of 127.0.0.0/8, answers HTTP with its name and
 * address, and sends datagrams back. For a cluster that lives on one machine without privileges.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Informers } from '../client/informers.ts';
import type { Container, Pod } from '../kinds/generated/types.ts';
import type { Logger } from '../lib/log.ts';
import { realPort } from '../lib/low-ports.ts';
import { listeningPodsMax } from './limits.ts';

export interface PodListenersOptions {
  readonly informers: Informers;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Ports below 1024 can be listened on: true unless given. See lib/low-ports.ts. */
  readonly lowPorts?: boolean;
}

export interface PodPort {
  readonly protocol: 'TCP' | 'UDP';
  readonly port: number;
}

/** What well-known images listen on, though their pods rarely say so. */
const imagePorts: readonly [RegExp, number][] = [
  [/(^|\/)(nginx|httpd)(:|@|$)/, 80],
  [/(^|\/)hostinfo(:|@|$)/, 9898],
];

function portsOfContainer({ image = '', ports = [] }: Container): PodPort[] {
  const declared = ports.flatMap(({ containerPort, protocol }): PodPort[] =>
    protocol === 'SCTP' ? [] : [{ protocol: protocol === 'UDP' ? 'UDP' : 'TCP', port: containerPort }],
  );
  const known = imagePorts.filter(([pattern]) => pattern.test(image)).map(([, port]) => port);
  const isDeclared = (port: number) => declared.some((each) => each.protocol === 'TCP' && each.port === port);
  return [
    ...declared,
    ...known.filter((port) => !isDeclared(port)).map((port): PodPort => ({ protocol: 'TCP', port })),
  ];
}

/** Those of the containers that run now; nothing for a pod without an address. */
export function listeningPorts(pod: Pod): PodPort[] {
  if (pod.status?.podIP === undefined || pod.status.phase !== 'Running') return [];
  const running = new Set(
    (pod.status.containerStatuses ?? [])
      .filter(({ state }) => state?.running !== undefined)
      .map(({ name }) => name),
  );
  const ports = (pod.spec?.containers ?? [])
    .filter(({ name }) => running.has(name))
    .flatMap(portsOfContainer);
  // Two containers cannot have the same port of their one address: the first has it.
  return [...new Map(ports.map((port) => [`${port.protocol} ${port.port}`, port])).values()];
}

/** `web-7d4c9 127.244.1.5 nginx:1.27`, the request's line, its client. */
function greeting(pod: Pod, request: Pick<IncomingMessage, 'method' | 'url'>, client: string): string {
  const { name, namespace } = pod.metadata;
  const images = (pod.spec?.containers ?? []).map(({ image }) => image).join(' ');
  return [
    `Hostname: ${pod.spec?.hostname ?? name}`,
    `Namespace: ${namespace}`,
    `Pod IP: ${pod.status?.podIP}`,
    `Node: ${pod.spec?.nodeName}`,
    `Image: ${images}`,
    `Client: ${client}`,
    `${request.method} ${request.url}`,
    '',
  ].join('\n');
}

type Close = () => Promise<void>;

export class PodListeners {
  readonly #options: PodListenersOptions;
  /** By pod uid, then port. */
  readonly #open = new Map<string, Map<string, Close>>();
  readonly #dirty = new Map<string, Pod | undefined>();
  #working: Promise<void> | undefined;
  /** After the signal has aborted and every port is closed. */
  readonly stopped: Promise<void>;

  constructor(options: PodListenersOptions) {
    this.#options = options;
    const { informers, signal } = options;
    const see = (pod: Pod) => this.#see(pod, pod);
    informers.of('Pod').handle({ add: see, update: see, delete: (pod) => this.#see(pod, undefined) });
    this.stopped = new Promise((resolve) => {
      const stop = () => void this.#stop().then(resolve);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  }

  /** Resolves when every pod seen so far listens as it should. */
  async settled(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  #see(pod: Pod, wanted: Pod | undefined): void {
    if (this.#options.signal.aborted) return;
    this.#dirty.set(pod.metadata.uid ?? '', wanted);
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    for (const [uid, pod] of this.#dirty) {
      this.#dirty.delete(uid);
      await this.#reconcile(uid, pod);
    }
  }

  async #reconcile(uid: string, pod: Pod | undefined): Promise<void> {
    const wanted = new Map(
      pod === undefined ? [] : listeningPorts(pod).map((port) => [`${port.protocol} ${port.port}`, port]),
    );
    const open = this.#open.get(uid) ?? new Map<string, Close>();
    for (const [key, close] of open) {
      if (wanted.has(key)) continue;
      open.delete(key);
      await close();
    }
    for (const [key, port] of wanted) {
      if (open.has(key) || this.#open.size > listeningPodsMax) continue;
      const close = await this.#listen(pod!, port).catch((error: Error) => {
        this.#options.log.warn('a simulated pod cannot listen', { pod: pod!.metadata.name, ...port, error });
      });
      if (close !== undefined) open.set(key, close);
    }
    if (open.size === 0) this.#open.delete(uid);
    else this.#open.set(uid, open);
  }

  #listen(pod: Pod, { protocol, port }: PodPort): Promise<Close> {
    const { lowPorts = true } = this.#options;
    const listen = protocol === 'TCP' ? listenHttp : listenEcho;
    return listen(pod, pod.status!.podIP!, realPort(port, { lowPorts }));
  }

  async #stop(): Promise<void> {
    this.#dirty.clear();
    await this.settled();
    const closes = [...this.#open.values()].flatMap((ports) => [...ports.values()]);
    this.#open.clear();
    await Promise.all(closes.map((close) => close()));
  }
}

async function listenHttp(pod: Pod, address: string, port: number): Promise<Close> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    request.resume();
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    response.end(greeting(pod, request, request.socket.remoteAddress ?? ''));
  });
  const listening = once(server, 'listening');
  server.listen(port, address);
  await listening;
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      // What is being answered is answered; connections that only wait are ended.
      server.closeIdleConnections();
    });
}

async function listenEcho(pod: Pod, address: string, port: number): Promise<Close> {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    const answer = `${pod.metadata.name} ${address}: ${message}`;
    socket.send(answer, from.port, from.address, () => {});
  });
  const listening = once(socket, 'listening');
  socket.bind(port, address);
  try {
    await listening;
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.on('error', () => {});
  return () => new Promise((resolve) => socket.close(() => resolve()));
}
