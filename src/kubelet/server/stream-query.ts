/** The queries of exec, attach and port-forward. Source: cri-streaming remotecommand and portforward of Kubernetes. */
import { Refusal } from './answer.ts';

export interface StreamOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

const isSet = (query: URLSearchParams, ...names: string[]): boolean =>
  names.some((name) => ['1', 'true'].includes(query.get(name) ?? ''));

/** By the kubelet's names and by those of the API. Throws a Refusal. */
export function streamOptions(query: URLSearchParams): StreamOptions {
  const tty = isSet(query, 'tty');
  const stdin = isSet(query, 'input', 'stdin');
  const stdout = isSet(query, 'output', 'stdout');
  // A terminal has one stream out.
  const stderr = isSet(query, 'error', 'stderr') && !tty;
  if (!stdin && !stdout && !stderr)
    throw new Refusal(400, 'you must specify at least 1 of stdin, stdout, stderr');
  return { stdin, stdout, stderr, tty };
}

/** strconv's errors, as Go prints them. */
function portOf(digits: string, given: string): number {
  const failure = (why: string) =>
    new Refusal(400, `unable to parse "${given}" as a port: strconv.ParseUint: parsing "${digits}": ${why}`);
  if (!/^\d+$/.test(digits)) throw failure('invalid syntax');
  const port = Number(digits);
  if (port > 65535) throw failure('value out of range');
  if (port < 1) throw new Refusal(400, `port "${given}" must be > 0`);
  return port;
}

/** A WebSocket names its ports beforehand; with SPDY each stream names its own. Throws a Refusal. */
export function forwardedPorts(query: URLSearchParams, upgrade: string): number[] {
  if (upgrade.toLowerCase() !== 'websocket') return [];
  const given = query.getAll('port');
  if (given.length === 0) throw new Refusal(400, 'query parameter "port" is required');
  return given.flatMap((value) => {
    if (value === '') throw new Refusal(400, 'query parameter "port" cannot be empty');
    return value.split(',').map((digits) => portOf(digits, value));
  });
}
