/** The query of a request for a log: PodLogOptions. Source: getContainerLogs of kubelet/server/server.go. */
import type { LogRequest } from '../logs/read-log.ts';
import { Refusal } from './answer.ts';

export interface LogQuery extends LogRequest {
  readonly previous: boolean;
}

const undecodable = () => new Refusal(400, '{"message": "Unable to decode query."}');
const invalid = () => new Refusal(422, '{"message": "Invalid request."}');

/** Everything but nothing, `false` and `0` is true. Source: Convert_Slice_string_To_bool of apimachinery. */
function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

function whole(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  if (!/^[+-]?\d+$/.test(value)) throw undecodable();
  const number = Number(value);
  if (number > Number.MAX_SAFE_INTEGER && BigInt(value) >= 2n ** 63n) throw undecodable();
  return number;
}

const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function time(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  const milliseconds = timePattern.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(milliseconds)) throw undecodable();
  return milliseconds;
}

const streams: Readonly<Record<string, LogRequest['stream']>> = {
  All: undefined,
  Stdout: 'stdout',
  Stderr: 'stderr',
};

/** `now`: what sinceSeconds counts from. Throws a Refusal. */
export function logQuery(query: URLSearchParams, now: number): LogQuery {
  // `tail` is an old name of tailLines.
  const isOld = (query.get('tail') ?? '') !== '';
  const oldTail = query.get('tail') === 'all' ? undefined : isOld ? whole(query, 'tail') : undefined;
  const tailLines = isOld ? oldTail : whole(query, 'tailLines');
  const limitBytes = whole(query, 'limitBytes');
  const sinceSeconds = whole(query, 'sinceSeconds');
  const sinceTime = time(query, 'sinceTime');
  const streamName = query.get('stream') ?? 'All';
  if (tailLines !== undefined && tailLines < 0) throw invalid();
  if (limitBytes !== undefined && limitBytes < 1) throw invalid();
  if (sinceSeconds !== undefined && (sinceSeconds < 1 || sinceTime !== undefined)) throw invalid();
  if (!Object.hasOwn(streams, streamName)) throw invalid();
  const stream = streams[streamName];
  if (stream !== undefined && tailLines !== undefined) throw invalid();
  const since = sinceSeconds === undefined ? sinceTime : now - sinceSeconds * 1000;
  return {
    previous: flag(query, 'previous'),
    follow: flag(query, 'follow'),
    timestamps: flag(query, 'timestamps'),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(since === undefined ? {} : { since }),
    ...(stream === undefined ? {} : { stream }),
  };
}
