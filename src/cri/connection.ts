/** gRPC over the runtime's unix socket: one call at a time is answered, refused, or given up at its deadline. */
import path from 'node:path';
import {
  type ChannelOptions,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  type ServiceClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Clock } from '../lib/clock.ts';
import { CriError, codeOfNumber } from './errors.ts';
import { criLimits } from './limits.ts';

const protoFile = path.join(import.meta.dirname, 'runtime.proto');

/** Numbers, not Longs: nanoseconds since the epoch lose their last 256, bytes lose nothing. */
const protoOptions = { longs: Number, enums: String, defaults: true, arrays: true, objects: true } as const;

/** Also what a test's server needs to answer on such a socket. */
export function loadServices(): {
  RuntimeService: ServiceClientConstructor;
  ImageService: ServiceClientConstructor;
} {
  const loaded = loadPackageDefinition(loadSync(protoFile, protoOptions)) as {
    runtime: GrpcObject & { v1: GrpcObject };
  };
  return loaded.runtime.v1 as ReturnType<typeof loadServices>;
}

type UnaryCall = (
  request: object,
  options: { deadline: number },
  callback: (failure: ServiceError | null, answer?: unknown) => void,
) => void;

export interface Connection {
  /** `method` as the protocol names it. Rejects with a CriError. */
  call<Answer>(method: string, request: object, options?: { deadlineMilliseconds?: number }): Promise<Answer>;
  /** Calls under way are still answered; later ones are refused. */
  close(): void;
}

const channelOptions: ChannelOptions = {
  'grpc.max_receive_message_length': criLimits.messageBytesMax,
  'grpc.max_send_message_length': criLimits.messageBytesMax,
  'grpc.initial_reconnect_backoff_ms': criLimits.reconnectMillisecondsMin,
  'grpc.min_reconnect_backoff_ms': criLimits.reconnectMillisecondsMin,
  'grpc.max_reconnect_backoff_ms': criLimits.reconnectMillisecondsMax,
  // A process may talk to several nodes' runtimes, and each client closes what it opened.
  'grpc.use_local_subchannel_pool': 1,
  // No environment variable may send this anywhere but to the socket.
  'grpc.enable_http_proxy': 0,
};

/** `socket`: the path of the runtime's unix socket. Nothing is sent before the first call. */
export function connect(socket: string, clock: Pick<Clock, 'now'>): Connection {
  const { RuntimeService, ImageService } = loadServices();
  const address = `unix://${path.resolve(socket)}`;
  const runtime = new RuntimeService(address, credentials.createInsecure(), channelOptions);
  const images = new ImageService(address, credentials.createInsecure(), {
    channelOverride: runtime.getChannel(),
  });
  const call = <Answer>(
    method: string,
    request: object,
    { deadlineMilliseconds = criLimits.requestMilliseconds } = {},
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const client = Reflect.has(runtime, method) ? runtime : images;
      const unary = Reflect.get(client, method) as UnaryCall;
      const deadline = clock.now() + deadlineMilliseconds;
      try {
        unary.call(client, request, { deadline }, (failure, answer) => {
          if (failure === null) resolve(answer as Answer);
          else reject(errorOf(method, failure));
        });
      } catch (cause) {
        // A closed client throws; so does a request that has no form on the wire.
        reject(new CriError('CANCELLED', { method, details: String((cause as Error).message), cause }));
      }
    });
  return {
    call,
    close: () => runtime.close(),
  };
}

function errorOf(method: string, failure: ServiceError): CriError {
  return new CriError(codeOfNumber(failure.code), { method, details: failure.details, cause: failure });
}
