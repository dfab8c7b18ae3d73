/** From a subresource that reaches into a node to who answers it: one explicit table. */
import { methodNotAllowedError, unavailableError } from '../../kinds/status.ts';
import type { ResourceRequest } from '../context.ts';
import type { ApiResponse } from '../request.ts';
import { readLog } from './log.ts';
import { proxy } from './proxy.ts';
import type { Tunnels } from './tunnels.ts';

type Answer = (request: ResourceRequest, tunnels: Tunnels) => Promise<ApiResponse>;

interface Subresource {
  /** Undefined: all of them. */
  readonly methods?: readonly string[];
  readonly answer: Answer;
}

const streamMethods = ['GET', 'POST'];

/** Loaded when first asked for: with the WebSockets that it brings it takes a server two megabytes. */
const stream =
  (subresource: 'exec' | 'attach' | 'portforward'): Answer =>
  async (request, tunnels) => {
    const { openStream } = await import('./streams.ts');
    return openStream(request, tunnels, subresource);
  };

const subresources: Readonly<Record<string, Subresource>> = {
  log: { methods: ['GET', 'HEAD'], answer: readLog },
  exec: { methods: streamMethods, answer: stream('exec') },
  attach: { methods: streamMethods, answer: stream('attach') },
  portforward: { methods: streamMethods, answer: stream('portforward') },
  proxy: { answer: proxy },
};

export const reachesNode = (subresource: string): boolean => Object.hasOwn(subresources, subresource);

/** Throws 405 for a method that the subresource does not have. */
export async function reachNode(request: ResourceRequest): Promise<ApiResponse> {
  const found = subresources[request.info.subresource];
  if (found === undefined) throw methodNotAllowedError();
  if (found.methods !== undefined && !found.methods.includes(request.request.method))
    throw methodNotAllowedError();
  const { tunnels } = request.backend;
  if (tunnels === undefined)
    throw unavailableError('this server was started without a way to reach nodes', 10);
  return found.answer(request, tunnels);
}
