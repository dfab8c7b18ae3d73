import { WherryError } from '../lib/errors.ts';

/** gRPC's status codes by number: our name, and the one that Go prints. Source: grpc-go codes/code_string.go. */
const codes = [
  ['OK', 'OK'],
  ['CANCELLED', 'Canceled'],
  ['UNKNOWN', 'Unknown'],
  ['INVALID_ARGUMENT', 'InvalidArgument'],
  ['DEADLINE_EXCEEDED', 'DeadlineExceeded'],
  ['NOT_FOUND', 'NotFound'],
  ['ALREADY_EXISTS', 'AlreadyExists'],
  ['PERMISSION_DENIED', 'PermissionDenied'],
  ['RESOURCE_EXHAUSTED', 'ResourceExhausted'],
  ['FAILED_PRECONDITION', 'FailedPrecondition'],
  ['ABORTED', 'Aborted'],
  ['OUT_OF_RANGE', 'OutOfRange'],
  ['UNIMPLEMENTED', 'Unimplemented'],
  ['INTERNAL', 'Internal'],
  ['UNAVAILABLE', 'Unavailable'],
  ['DATA_LOSS', 'DataLoss'],
  ['UNAUTHENTICATED', 'Unauthenticated'],
] as const;

export type CriCode = (typeof codes)[number][0];

/**
 * The runtime refused, or could not be asked. `code` is gRPC's. The message is worded as Go words it, since upstream's
 * kubelet shows it to people like that, in events and container statuses: `rpc error: code = NotFound desc = ...`.
 */
export class CriError extends WherryError {
  /** Which call failed, as the protocol names it: `RunPodSandbox`. */
  readonly method: string;
  /** What the runtime said, without the code. */
  readonly details: string;

  constructor(code: CriCode, failure: { method: string; details: string; cause?: unknown }) {
    const goName = codes.find(([name]) => name === code)?.[1] ?? 'Unknown';
    super(code, `rpc error: code = ${goName} desc = ${failure.details}`, { cause: failure.cause });
    this.method = failure.method;
    this.details = failure.details;
  }
}

/** A code that gRPC does not know counts as unknown. */
export function codeOfNumber(number: number): CriCode {
  return codes[number]?.[0] ?? 'UNKNOWN';
}

export function isNotFound(failure: unknown): boolean {
  return failure instanceof CriError && failure.code === 'NOT_FOUND';
}
