/** How a command ended: from what the kubelet writes on the error stream to what the client is told. */
import { internalError, type StatusError } from '../../kinds/status.ts';

/** A Status as Go writes it, fields that are empty left out. */
export type ExitStatus = Readonly<Record<string, unknown>>;

const success: ExitStatus = { metadata: {}, status: 'Success' };

export const failureOf = (error: StatusError): ExitStatus => ({
  metadata: {},
  status: 'Failure',
  message: error.message,
  ...(error.reason === '' ? {} : { reason: error.reason }),
  ...(error.details === undefined ? {} : { details: error.details }),
  code: error.httpCode,
});

/** What goes wrong on the way is InternalError, as the stream translator of upstream has it. */
export const streamFailure = (message: string): ExitStatus => failureOf(internalError(message));

interface Told {
  status?: unknown;
  message?: unknown;
  reason?: unknown;
  details?: { causes?: { reason?: unknown; message?: unknown }[] } | null;
}

/** Reads version 4 of the error stream. Source: errorDecoderV4 of client-go, codeExitToStatusError. */
export function exitStatusOf(text: string): ExitStatus {
  if (text === '') return success;
  let told: Told;
  try {
    told = JSON.parse(text) as Told;
  } catch {
    return streamFailure(`error stream protocol error: invalid JSON in ${JSON.stringify(text)}`);
  }
  if (told === null || typeof told !== 'object')
    return streamFailure('error stream protocol error: unknown error');
  if (told.status === 'Success') return success;
  if (told.status !== 'Failure') return streamFailure('error stream protocol error: unknown error');
  if (told.reason !== 'NonZeroExitCode') return streamFailure(String(told.message ?? ''));
  const causes = Array.isArray(told.details?.causes) ? told.details.causes : [];
  const code = causes.find((cause) => cause?.reason === 'ExitCode')?.message;
  if (code === undefined) return streamFailure('error stream protocol error: no ExitCode cause given');
  if (typeof code !== 'string' || !/^\d{1,3}$/.test(code) || Number(code) > 255)
    return streamFailure(`error stream protocol error: invalid exit code value ${JSON.stringify(code)}`);
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: command terminated with exit code ${Number(code)}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(Number(code)) }] },
  };
}
