/**
 * Names that are not the cluster's are asked of other servers, in their order, and the answers kept. The same question
 * by several clients at once is asked once.
 */
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import { AnswerCache } from './answer-cache.ts';
import type { ForeignAnswer } from './foreign-answer.ts';
import {
  forwardedQueriesMax,
  loopProbeMilliseconds,
  muteUpstreamMilliseconds,
  udpPayloadMax,
  upstreamRounds,
} from './limits.ts';
import { askUpstream, type Upstream } from './upstream.ts';
import {
  headerBytes,
  internetClass,
  nameText,
  type Question,
  recordTypes,
  responseCodes,
  type WireName,
  wireName,
} from './wire.ts';

export interface ForwarderOptions {
  readonly upstreams: readonly Upstream[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** `askUpstream`, or a test's. */
  readonly ask?: typeof askUpstream;
}

/** What a question is about, and what the client makes of the answer. */
export interface Wanted {
  readonly name: WireName;
  readonly type: number;
  readonly dnssec: boolean;
  /** The client checks signatures itself: what does not check is wanted too. */
  readonly checkingDisabled: boolean;
}

export interface Forwarded {
  readonly answer: ForeignAnswer;
  /** Seconds since it was given. */
  readonly age: number;
}

const keyOf = ({ name, type, dnssec, checkingDisabled }: Wanted): string =>
  `${type}.${dnssec ? 1 : 0}${checkingDisabled ? 1 : 0}${name}`;

export class Forwarder {
  readonly cache = new AnswerCache();
  readonly #options: ForwarderOptions;
  readonly #ask: typeof askUpstream;
  readonly #underWay = new Map<string, Promise<ForeignAnswer | undefined>>();
  /** Servers whose questions come back to us. */
  readonly #looping = new Set<Upstream>();
  /** Servers that did not answer, and until when they are asked last: one that is down would cost every name its wait. */
  readonly #mute = new Map<Upstream, number>();
  /** The names of probes that are out, lowercase on the wire. */
  readonly #probes = new Map<WireName, Upstream>();

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#ask = options.ask ?? askUpstream;
  }

  /** Those that are asked. */
  get upstreams(): Upstream[] {
    return this.#options.upstreams.filter((each) => !this.#looping.has(each));
  }

  /** Undefined when nobody answered, or too many questions are out. */
  async resolve(wanted: Wanted): Promise<Forwarded | undefined> {
    const { clock } = this.#options;
    const key = keyOf(wanted);
    const kept = this.cache.get(key, clock.now());
    if (kept !== undefined) return kept;
    let asking = this.#underWay.get(key);
    if (asking === undefined) {
      if (this.#underWay.size >= forwardedQueriesMax) return undefined;
      asking = this.#askAll(wanted).finally(() => this.#underWay.delete(key));
      this.#underWay.set(key, asking);
    }
    const answer = await asking;
    if (answer === undefined) return undefined;
    this.cache.set(key, answer, clock.now());
    return { answer, age: 0 };
  }

  /** A question that a probe of ours asked: the server that it was sent to asks us. True when it was one. */
  notice({ name, type }: Question): boolean {
    const upstream = type === recordTypes.HINFO ? this.#probes.get(name) : undefined;
    if (upstream === undefined) return false;
    this.#looping.add(upstream);
    this.#options.log.error('a DNS server forwards our questions back to us, and is not asked any more', {
      server: `${upstream.address} port ${upstream.port}`,
    });
    return true;
  }

  /** Sends every server a name that nobody else can know, and listens whether it comes back (see `notice`). */
  async probe(): Promise<void> {
    const { random, clock } = this.#options;
    await Promise.all(
      this.upstreams.map(async (upstream) => {
        const name = wireName(`${random.uuid()}.${random.uuid()}.loop-probe.invalid`)!;
        this.#probes.set(name, upstream);
        const query = this.#query({ name, type: recordTypes.HINFO, dnssec: false, checkingDisabled: false });
        await this.#ask({ upstream, query, clock, milliseconds: loopProbeMilliseconds }).catch(() => {});
        this.#probes.delete(name);
      }),
    );
  }

  #inOrder(): Upstream[] {
    const now = this.#options.clock.monotonic();
    const isMute = (upstream: Upstream) => (this.#mute.get(upstream) ?? now) > now;
    return this.upstreams.toSorted((one, other) => Number(isMute(one)) - Number(isMute(other)));
  }

  async #askAll(wanted: Wanted): Promise<ForeignAnswer | undefined> {
    const { clock, log } = this.#options;
    let last: ForeignAnswer | undefined;
    for (let round = 0; round < upstreamRounds; round++)
      for (const upstream of this.#inOrder()) {
        try {
          const answer = await this.#ask({ upstream, query: this.#query(wanted), clock });
          this.#mute.delete(upstream);
          if (answer.code === responseCodes.NOERROR || answer.code === responseCodes.NXDOMAIN) return answer;
          // It has trouble of its own, or does not want to: another one may know.
          last = answer;
        } catch (error) {
          this.#mute.set(upstream, clock.monotonic() + muteUpstreamMilliseconds);
          log.debug('a DNS server did not help', { name: nameText(wanted.name), error });
        }
      }
    return last;
  }

  #query({ name, type, dnssec, checkingDisabled }: Wanted): Buffer {
    const end = headerBytes + name.length + 4;
    const query = Buffer.alloc(end + 11);
    // A UUID is drawn so that nobody can guess it, which keeps forged answers out (RFC 5452).
    query.writeUInt16BE(Number.parseInt(this.#options.random.uuid().slice(0, 4), 16), 0);
    query[2] = 0x01;
    query[3] = checkingDisabled ? 0x10 : 0;
    query.writeUInt16BE(1, 4);
    query.writeUInt16BE(1, 10);
    query.write(name, headerBytes, 'latin1');
    query.writeUInt16BE(type, end - 4);
    query.writeUInt16BE(internetClass, end - 2);
    query.writeUInt16BE(recordTypes.OPT, end + 1);
    query.writeUInt16BE(udpPayloadMax, end + 3);
    query[end + 7] = dnssec ? 0x80 : 0;
    return query;
  }
}
