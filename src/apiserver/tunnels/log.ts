/** pods/log. Source: pkg/registry/core/pod/rest/log.go, LogLocation in strategy.go. */
import { type FieldError, forbidden, invalid, notSupported, path } from '../../kinds/field.ts';
import type { Pod } from '../../kinds/generated/types.ts';
import { invalidError } from '../../kinds/status.ts';
import { parseCached } from '../cache/cached-object.ts';
import type { ResourceRequest } from '../context.ts';
import type { ApiResponse } from '../request.ts';
import { readCurrent } from '../rest/read.ts';
import { ask, type Reply } from './ask.ts';
import { refusalOf, refusalText } from './backend-status.ts';
import { containerOf } from './containers.ts';
import { dialTargetOf, hostAndPort, type KubeletTarget, kubeletOf, plainError } from './kubelet-target.ts';
import { logAnswerMilliseconds } from './limits.ts';
import { flag, integer, time } from './options.ts';
import { passOn } from './pass-answer.ts';
import type { Tunnels } from './tunnels.ts';

export interface LogOptions {
  readonly container: string;
  readonly follow: boolean;
  readonly insecure: boolean;
  /** What the kubelet is asked, in alphabetical order. */
  readonly query: string;
}

const streams = ['All', 'Stderr', 'Stdout'];

/** Throws 400 for what cannot be read, 422 for what may not be. */
export function logOptionsOf(query: URLSearchParams, podName: string): LogOptions {
  const sinceSeconds = integer(query, 'sinceSeconds');
  const sinceTime = time(query, 'sinceTime');
  const tailLines = integer(query, 'tailLines');
  const limitBytes = integer(query, 'limitBytes');
  const stream = query.get('stream') || 'All';
  const errors: FieldError[] = [];
  if (tailLines !== undefined && tailLines < 0n)
    errors.push(invalid(path('tailLines'), Number(tailLines), 'must be greater than or equal to 0'));
  if (limitBytes !== undefined && limitBytes < 1n)
    errors.push(invalid(path('limitBytes'), Number(limitBytes), 'must be greater than 0'));
  if (sinceSeconds !== undefined && sinceTime !== undefined)
    errors.push(forbidden(path(''), 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  else if (sinceSeconds !== undefined && sinceSeconds < 1n)
    errors.push(invalid(path('sinceSeconds'), Number(sinceSeconds), 'must be greater than 0'));
  if (!streams.includes(stream)) errors.push(notSupported(path('stream'), stream, streams));
  else if (stream !== 'All' && tailLines !== undefined)
    errors.push(forbidden(path(''), '`tailLines` and specific `stream` are mutually exclusive for now'));
  if (errors.length > 0) throw invalidError({ group: '', kind: 'PodLogOptions' }, podName, errors);
  const follow = flag(query, 'follow');
  const asked = new URLSearchParams();
  if (follow) asked.set('follow', 'true');
  if (limitBytes !== undefined) asked.set('limitBytes', String(limitBytes));
  if (flag(query, 'previous')) asked.set('previous', 'true');
  if (sinceSeconds !== undefined) asked.set('sinceSeconds', String(sinceSeconds));
  if (sinceTime !== undefined) asked.set('sinceTime', sinceTime);
  if (stream !== 'All') asked.set('stream', stream);
  if (tailLines !== undefined) asked.set('tailLines', String(tailLines));
  if (flag(query, 'timestamps')) asked.set('timestamps', 'true');
  return {
    container: query.get('container') ?? '',
    follow,
    insecure: flag(query, 'insecureSkipTLSVerifyBackend'),
    query: asked.toString(),
  };
}

export async function readLog(request: ResourceRequest, tunnels: Tunnels): Promise<ApiResponse> {
  const options = logOptionsOf(request.info.query, request.info.name);
  const pod = parseCached(await readCurrent(request)) as unknown as Pod;
  const container = containerOf(pod, options.container);
  const { nodeName } = pod.spec ?? {};
  // Nothing runs, so nothing was said.
  if (!nodeName) return { status: 204, headers: {}, body: [] };
  const kubelet = kubeletOf(request, nodeName);
  const { namespace, name } = pod.metadata;
  const url = `/containerLogs/${namespace}/${name}/${container}${options.query && `?${options.query}`}`;
  const leave = tunnels.enter();
  try {
    const { message, close } = await askForLog(request, tunnels, { kubelet, url, options });
    const end = () => {
      leave();
      close();
    };
    const status = message.statusCode ?? 500;
    if (status < 200 || status > 206) {
      const text = await refusalText(message);
      end();
      if (status >= 300 && status < 400 && message.headers.location !== undefined)
        throw plainError(`${requestLine(kubelet, url)}: redirects forbidden`);
      throw refusalOf(status, text, { plural: 'pods/log', name: request.info.name });
    }
    const headers = { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' };
    return { status: 200, headers, body: passOn(message, { onEnd: end, cutWhenBroken: false }) };
  } catch (error) {
    leave();
    throw error;
  }
}

const requestLine = ({ host, port }: KubeletTarget, url: string): string =>
  `Get ${JSON.stringify(`https://${hostAndPort(host, port)}${url}`)}`;

async function askForLog(
  { request }: ResourceRequest,
  tunnels: Tunnels,
  { kubelet, url, options }: { kubelet: KubeletTarget; url: string; options: LogOptions },
): Promise<Reply> {
  const { signal } = request;
  request.longRunning?.();
  try {
    const target = await dialTargetOf(kubelet, tunnels);
    const tls = target.tls && (options.insecure ? { name: target.tls.name } : target.tls);
    const connection = await tunnels.dialler.connect({ ...target, tls }, signal);
    const headers = { host: hostAndPort(kubelet.host, kubelet.port) };
    return await ask(
      connection,
      { method: 'GET', path: url, headers },
      // A container that is followed and says nothing has a kubelet that says nothing.
      { signal, clock: tunnels.clock, milliseconds: options.follow ? undefined : logAnswerMilliseconds },
    );
  } catch (error) {
    throw plainError(`${requestLine(kubelet, url)}: ${(error as Error).message}`);
  }
}
