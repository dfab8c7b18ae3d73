/** Which of the kubelet's paths a request is for. Source: the handlers that kubelet/server/server.go installs. */
import { Refusal } from './answer.ts';

/** A path's parts by name; a part that ends with `?` may be left out where another stands behind it. */
const streamPaths = {
  exec: ['namespace', 'pod', 'uid?', 'container'],
  attach: ['namespace', 'pod', 'uid?', 'container'],
  run: ['namespace', 'pod', 'uid?', 'container'],
  containerLogs: ['namespace', 'pod', 'container'],
  portForward: ['namespace', 'pod', 'uid?'],
} as const;

type PodAction = keyof typeof streamPaths;

export interface PodRequest {
  readonly action: PodAction;
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string | undefined;
  /** Empty for a port-forward. */
  readonly container: string;
}

const methods: Readonly<Record<PodAction, readonly string[]>> = {
  exec: ['GET', 'POST'],
  attach: ['GET', 'POST'],
  portForward: ['GET', 'POST'],
  run: ['POST'],
  containerLogs: ['GET'],
};

export interface RequestTarget {
  /** Without what is encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Throws a Refusal. */
export function requestTarget(url = '/'): RequestTarget {
  try {
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    return {
      path: decodeURIComponent(path),
      query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    };
  } catch {
    throw new Refusal(400, 'Bad Request');
  }
}

export const notFound = () => new Refusal(404, '404: Page Not Found');

export function allowOnly(method: string | undefined, allowed: readonly string[]): void {
  if (!allowed.includes(method ?? ''))
    throw new Refusal(405, 'Method Not Allowed', { allow: allowed.join(', ') });
}

/** Undefined when the path is about no pod. Throws a Refusal when it says too little, or is asked by another method. */
export function podRequest(path: string, method: string | undefined): PodRequest | undefined {
  const [, action = '', ...parts] = path.split('/');
  if (!Object.hasOwn(streamPaths, action)) return undefined;
  const names: readonly string[] = streamPaths[action as PodAction];
  const wanted = parts.length === names.length ? names : names.filter((name) => !name.endsWith('?'));
  if (parts.length !== wanted.length || parts.includes('')) throw notFound();
  allowOnly(method, methods[action as PodAction]);
  const of = (name: string) => parts[wanted.findIndex((each) => each.replace('?', '') === name)];
  return {
    action: action as PodAction,
    namespace: of('namespace') ?? '',
    pod: of('pod') ?? '',
    uid: of('uid'),
    container: of('container') ?? '',
  };
}
