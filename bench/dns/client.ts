/** Asks a UDP server: as fast as it answers, or at a steady rate. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { encode } from 'dns-packet';
import { serviceCount } from './services.ts';

const inFlight = 64;
/** What is lost is given up after this, and counted. */
const lostMilliseconds = 500;

const questions = Array.from({ length: serviceCount }, (_, index) =>
  encode({
    type: 'query',
    id: 1,
    flags: 0x0100,
    questions: [{ type: 'A', name: `web-${index}.default.svc.cluster.local` }],
  }),
);

export class DnsClient {
  readonly #socket: Socket;
  /** When the question with this id was sent. */
  readonly #sent = new Float64Array(0x10000);
  #onAnswer: (id: number) => void = () => {};
  #next = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (message) => this.#onAnswer(message.readUInt16BE(0)));
  }

  static async connect(port: number): Promise<DnsClient> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
    const connected = once(socket, 'connect');
    socket.connect(port, '127.0.0.1');
    await connected;
    return new DnsClient(socket);
  }

  close(): void {
    this.#socket.close();
  }

  #ask(): void {
    const id = this.#next++ & 0xffff;
    const question = Buffer.from(questions[(id * 7919) % serviceCount]!);
    question.writeUInt16BE(id, 0);
    this.#sent[id] = performance.now();
    this.#socket.send(question, () => {});
  }

  /** Answers per second, with a bounded number of questions under way. */
  saturate(milliseconds: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const start = performance.now();
      let answers = 0;
      const watchdog = setInterval(() => {
        const stalled = answers === 0 && performance.now() - start > lostMilliseconds;
        if (stalled) reject(new Error('the server does not answer'));
      }, lostMilliseconds);
      this.#onAnswer = () => {
        answers++;
        const elapsed = performance.now() - start;
        if (elapsed < milliseconds) return this.#ask();
        clearInterval(watchdog);
        this.#onAnswer = () => {};
        resolve(answers / (elapsed / 1000));
      };
      for (let index = 0; index < inFlight; index++) this.#ask();
    });
  }

  /** At so many questions per second: how long each took, and how many were never answered. */
  async pace(perSecond: number, milliseconds: number): Promise<{ latencies: number[]; lost: number }> {
    const latencies: number[] = [];
    this.#onAnswer = (id) => {
      latencies.push(performance.now() - this.#sent[id]!);
    };
    const start = performance.now();
    let asked = 0;
    while (performance.now() - start < milliseconds) {
      const due = Math.floor(((performance.now() - start) / 1000) * perSecond);
      while (asked < due) {
        this.#ask();
        asked++;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise((resolve) => setTimeout(resolve, lostMilliseconds));
    this.#onAnswer = () => {};
    return { latencies, lost: asked - latencies.length };
  }
}
