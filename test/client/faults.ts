/** A transport that breaks when the test says so. */
import {
  type BodyStream,
  type StreamHandlers,
  type Transport,
  TransportError,
  type TransportRequest,
  type TransportResponse,
} from '../../src/client/transport.ts';

export interface Faults {
  readonly transport: Transport;
  /** What was asked, method and URL. */
  readonly asked: string[];
  /** Streams that are open now. */
  readonly open: number;
  /** Ends every open stream: as a server does (`end`), or as a cable does (`break`). */
  cut(how: 'end' | 'break'): void;
  /** Puts bytes into every open stream. */
  inject(text: string): void;
  /**
   * The next requests for which `match` is true get this answer instead, or an error; `times` of them. 'lost answer': it
   * is done, and nobody hears of it.
   */
  answer(fault: {
    match: (request: TransportRequest) => boolean;
    times?: number;
    with: { status: number; body: unknown; headers?: Record<string, string> } | 'no answer' | 'lost answer';
  }): void;
  /** Takes back every answer that has not been given. */
  heal(): void;
}

export function faultyTransport(inner: Transport): Faults {
  const asked: string[] = [];
  const open = new Map<BodyStream, StreamHandlers>();
  let faults: { match: (request: TransportRequest) => boolean; times: number; with: unknown }[] = [];
  const wrapStream = (stream: BodyStream): BodyStream => ({
    open(handlers) {
      open.set(stream, handlers);
      stream.open({
        onChunk: (chunk) => handlers.onChunk(chunk),
        onEnd(error) {
          open.delete(stream);
          handlers.onEnd(error);
        },
      });
    },
    cancel() {
      open.delete(stream);
      stream.cancel();
    },
  });
  const faultFor = (request: TransportRequest): TransportResponse | 'lost answer' | undefined => {
    const fault = faults.find(({ match }) => match(request));
    if (fault === undefined) return undefined;
    if (--fault.times === 0) faults = faults.filter((each) => each !== fault);
    if (fault.with === 'no answer') throw new TransportError('the cable is cut');
    if (fault.with === 'lost answer') return fault.with;
    const { status, body, headers = {} } = fault.with as { status: number; body: unknown; headers?: object };
    return { status, headers: { ...headers }, body: Buffer.from(JSON.stringify(body)) };
  };
  return {
    asked,
    get open() {
      return open.size;
    },
    cut(how) {
      for (const [stream, handlers] of [...open]) {
        open.delete(stream);
        stream.cancel();
        handlers.onEnd(how === 'end' ? undefined : new TransportError('the cable is cut'));
      }
    },
    inject(text) {
      for (const handlers of [...open.values()]) handlers.onChunk(Buffer.from(text));
    },
    answer: ({ match, times = 1, with: answer }) => faults.push({ match, times, with: answer }),
    heal() {
      faults = [];
    },
    transport: {
      async send(request) {
        asked.push(`${request.method} ${request.url}`);
        const fault = faultFor(request);
        if (fault !== undefined && fault !== 'lost answer') return fault;
        const response = await inner.send(request);
        if (fault === 'lost answer') throw new TransportError('the cable was cut before the answer came');
        return response.body instanceof Uint8Array
          ? response
          : { ...response, body: wrapStream(response.body) };
      },
      close: () => inner.close(),
    },
  };
}
