/** A server process, and a client of it in this one: over TLS, as anybody's. */
import { tlsTransport } from '../../src/client/tls.ts';
import type { Transport } from '../../src/client/transport.ts';
import { Client } from '../../src/client/typed-client.ts';
import { systemClock } from '../../src/lib/system.ts';
import { cpuMilliseconds, type Server, type ServerShape, type Workshop } from '../api/processes.ts';

/** What takes longer has failed; a quiet machine needs a tenth of it. */
const waitMillisecondsMax = 600_000;

export class Cluster {
  readonly server: Server;
  readonly client: Client;
  readonly #transport: Transport;

  private constructor(server: Server) {
    this.server = server;
    const { port, ...files } = server.target;
    this.#transport = tlsTransport({ server: `https://127.0.0.1:${port}`, ...files }, { clock: systemClock });
    this.client = new Client({ transport: this.#transport, clock: systemClock, userAgent: 'bench' });
  }

  static async start(workshop: Workshop, name: string, shape: ServerShape): Promise<Cluster> {
    return new Cluster(await workshop.startServer(name, shape));
  }

  /**
   * Writes since the beginning: each commit is one revision. Not asked of /metrics: whoever is scraped begins to sample
   * its event loop, and that costs more than an idle cluster does.
   */
  async writes(): Promise<number> {
    const { metadata } = await this.client.of('Namespace').list({ limit: 1 });
    return Number(metadata.resourceVersion);
  }

  get cpuMilliseconds(): number {
    return cpuMilliseconds(this.server.process);
  }

  async stop(): Promise<void> {
    await this.#transport.close();
    await this.server.stop();
  }
}

/** Runs `work` for 0 to count - 1 with so many at a time. */
export async function concurrently(
  count: number,
  work: (index: number) => Promise<unknown>,
  { inFlight = 64 }: { inFlight?: number } = {},
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

/** Things that are seen, and somebody who waits for a number of them. */
export class Tally {
  count = 0;
  firstAt = 0;
  lastAt = 0;
  #wanted = Number.POSITIVE_INFINITY;
  #reached: () => void = () => {};

  add(): void {
    this.lastAt = performance.now();
    if (this.count++ === 0) this.firstAt = this.lastAt;
    if (this.count >= this.#wanted) this.#reached();
  }

  /** Throws when they do not come. */
  async reaches(wanted: number, what: string): Promise<void> {
    this.#wanted = wanted;
    if (this.count >= wanted) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLong = new Promise<never>((_resolve, reject) => {
      const fail = () => reject(new Error(`${this.count} of ${wanted} ${what} came in time`));
      timer = setTimeout(fail, waitMillisecondsMax);
    });
    const reached = new Promise<void>((resolve) => {
      this.#reached = resolve;
    });
    await Promise.race([reached, tooLong]);
    clearTimeout(timer);
  }
}
