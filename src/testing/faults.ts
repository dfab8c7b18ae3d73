/** A transport that breaks by chance, drawn from a seed: what controllers must live with. */
import {
  type BodyStream,
  type StreamHandlers,
  type Transport,
  TransportError,
  type TransportRequest,
  type TransportResponse,
} from '../client/transport.ts';
import { internalError, type StatusError, tooManyRequestsError, unavailableError } from '../kinds/status.ts';
import { type Clock, sleep } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { delayedMax } from './limits.ts';

/** Shares are of all requests, between 0 and 1. */
export interface FaultRates {
  /** Answered with 500, nothing done. */
  readonly internalErrors: number;
  /** Answered with 429 or 503 and Retry-After, nothing done. */
  readonly refusals: number;
  /** No answer, nothing done. */
  readonly lostRequests: number;
  /** Done, but no answer. */
  readonly lostAnswers: number;
  /** Held up on the way, up to `delayMilliseconds`. */
  readonly slowRequests: number;
  readonly delayMilliseconds: number;
  /** A watch breaks off after a time of up to this; 0: never. */
  readonly watchLifeMilliseconds: number;
  /** What a watch brings comes up to so much later, in order; 0: at once. */
  readonly watchDelayMilliseconds: number;
}

export const noFaults: FaultRates = {
  internalErrors: 0,
  refusals: 0,
  lostRequests: 0,
  lostAnswers: 0,
  slowRequests: 0,
  delayMilliseconds: 0,
  watchLifeMilliseconds: 0,
  watchDelayMilliseconds: 0,
};

/** A bad day. */
export const usualFaults: FaultRates = {
  internalErrors: 0.03,
  refusals: 0.03,
  lostRequests: 0.03,
  lostAnswers: 0.03,
  slowRequests: 0.1,
  delayMilliseconds: 3000,
  watchLifeMilliseconds: 120_000,
  watchDelayMilliseconds: 2000,
};

export interface FaultyTransport extends Transport {
  /** From now on; noFaults ends them, though what is held up is still held up. */
  rates: FaultRates;
  /** How many requests met a fault. */
  readonly faults: number;
}

export function faultyTransport(
  inner: Transport,
  options: { rates: FaultRates; clock: Clock; random: Random },
): FaultyTransport {
  return new Faulty(inner, options);
}

type Fate = 'fine' | 'internalError' | 'refusal' | 'lostRequest' | 'lostAnswer';

class Faulty implements FaultyTransport {
  rates: FaultRates;
  faults = 0;
  readonly #inner: Transport;
  readonly #clock: Clock;
  readonly #random: Random;
  #delayed = 0;

  constructor(inner: Transport, options: { rates: FaultRates; clock: Clock; random: Random }) {
    this.#inner = inner;
    this.rates = options.rates;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  async send(request: TransportRequest): Promise<TransportResponse> {
    const { rates } = this;
    const fate = this.#fate(rates);
    if (fate !== 'fine') this.faults++;
    if (this.#random.next() < rates.slowRequests) await this.#delay(rates.delayMilliseconds, request.signal);
    if (fate === 'internalError') return answerOf(internalError('a fault of the simulation'));
    if (fate === 'refusal') {
      const isBusy = this.#random.next() < 0.5;
      return answerOf(
        isBusy
          ? tooManyRequestsError('a fault of the simulation', 1)
          : unavailableError('a fault of the simulation'),
      );
    }
    if (fate === 'lostRequest') throw new TransportError('the request was lost in the simulation');
    const response = await this.#inner.send(request);
    if (fate === 'lostAnswer') {
      if (!(response.body instanceof Uint8Array)) response.body.cancel();
      throw new TransportError('the answer was lost in the simulation');
    }
    return response.body instanceof Uint8Array
      ? response
      : { ...response, body: this.#stream(response.body) };
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #fate(rates: FaultRates): Fate {
    let draw = this.#random.next();
    const shares: [Fate, number][] = [
      ['internalError', rates.internalErrors],
      ['refusal', rates.refusals],
      ['lostRequest', rates.lostRequests],
      ['lostAnswer', rates.lostAnswers],
    ];
    for (const [fate, share] of shares) {
      if (draw < share) return fate;
      draw -= share;
    }
    return 'fine';
  }

  async #delay(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#delayed >= delayedMax) return;
    this.#delayed++;
    await sleep(this.#clock, this.#random.next() * milliseconds, signal);
    this.#delayed--;
  }

  #stream(inner: BodyStream): BodyStream {
    let cancelDrop = () => {};
    let over = false;
    const open = (handlers: StreamHandlers) => {
      const line = new DelayLine(this.#clock, () => this.#random.next() * this.rates.watchDelayMilliseconds);
      const end = (error?: Error) =>
        line.push(() => {
          if (over) return;
          over = true;
          cancelDrop();
          handlers.onEnd(error);
        });
      inner.open({
        onChunk: (chunk) => line.push(() => over || handlers.onChunk(chunk)),
        onEnd: end,
      });
      if (this.rates.watchLifeMilliseconds === 0) return;
      cancelDrop = this.#clock.after(this.#random.next() * this.rates.watchLifeMilliseconds, () => {
        if (over) return;
        this.faults++;
        inner.cancel();
        end(new TransportError('the watch broke off in the simulation'));
      });
    };
    const cancel = () => {
      over = true;
      cancelDrop();
      inner.cancel();
    };
    return { open, cancel };
  }
}

/** Lets things pass one after the other, each after a wait of its own, none before the one that came before it. */
class DelayLine {
  readonly #clock: Clock;
  readonly #wait: () => number;
  #waiting = 0;
  #lastAt = 0;

  constructor(clock: Clock, wait: () => number) {
    this.#clock = clock;
    this.#wait = wait;
  }

  push(deliver: () => void): void {
    const now = this.#clock.monotonic();
    const wait = this.#waiting >= delayedMax ? 0 : this.#wait();
    const at = Math.max(this.#lastAt, now + wait);
    if (this.#waiting === 0 && at <= now) {
      deliver();
      return;
    }
    this.#lastAt = at;
    this.#waiting++;
    this.#clock.after(at - now, () => {
      this.#waiting--;
      deliver();
    });
  }
}

function answerOf(error: StatusError): TransportResponse {
  const status = error.toStatus();
  const retryAfter = status.details?.retryAfterSeconds;
  return {
    status: error.httpCode,
    headers: {
      'content-type': 'application/json',
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    },
    body: Buffer.from(JSON.stringify(status)),
  };
}
