/** grpc.health.v1.Health/Check: one request, one answer, so small that its bytes are written by hand. */
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { ProbeNetwork } from './probe-once.ts';

const statusNames = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** `string service = 1` */
function encodeRequest(service: string): Buffer {
  const name = Buffer.from(service);
  if (name.length === 0) return Buffer.alloc(0);
  // Lengths over 127 take a second byte; a service's name is not longer than a label's value.
  const length = name.length < 128 ? [name.length] : [(name.length & 127) | 128, name.length >> 7];
  return Buffer.concat([Buffer.from([0x0a, ...length]), name]);
}

/** `ServingStatus status = 1` */
function decodeAnswer(bytes: Buffer): string {
  const value = bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0;
  return statusNames[value] ?? 'UNKNOWN';
}

/** `now`: milliseconds since the epoch, by the machine's own clock. */
export function grpcHealthCheck(now: () => number): ProbeNetwork['grpcHealth'] {
  return ({ host, port, service }, milliseconds) =>
    new Promise((resolve, reject) => {
      const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
      const client = new Client(address, credentials.createInsecure(), {
        'grpc.use_local_subchannel_pool': 1,
        'grpc.enable_http_proxy': 0,
        'grpc.primary_user_agent': 'kube-probe/1.36',
      });
      const seconds = milliseconds / 1000;
      const done = (failure: ServiceError | null, answer?: string) => {
        client.close();
        if (failure === null) resolve(answer ?? 'UNKNOWN');
        else reject(new Error(wordsFor(failure, { address, seconds })));
      };
      client.makeUnaryRequest(
        '/grpc.health.v1.Health/Check',
        encodeRequest,
        decodeAnswer,
        service,
        { deadline: now() + milliseconds },
        done,
      );
    });
}

/** Source: kubernetes pkg/probe/grpc. */
function wordsFor(failure: ServiceError, { address, seconds }: { address: string; seconds: number }): string {
  if (failure.code === status.UNIMPLEMENTED)
    return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${failure.details}`;
  if (failure.code === status.DEADLINE_EXCEEDED)
    return `timeout: health rpc did not complete within ${seconds}s`;
  if (failure.code === status.UNAVAILABLE)
    return `timeout: failed to connect service "${address}" within ${seconds}s: context deadline exceeded`;
  return `error: health rpc probe failed: ${failure.details}`;
}
