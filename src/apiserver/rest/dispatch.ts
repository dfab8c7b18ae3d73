/** From a request on a kind to the function that answers it: one explicit table per place in the URL. */

import { isPathSegmentName } from '../../kinds/names.ts';
import { badRequestError, methodNotAllowedError, noRouteError } from '../../kinds/status.ts';
import type { ResourceRequest } from '../context.ts';
import type { ApiResponse } from '../request.ts';
import { reachesNode, reachNode } from '../tunnels/reach-node.ts';
import { create } from './create.ts';
import { deleteCollection, deleteOne } from './delete.ts';
import { patch } from './patch.ts';
import { get, list } from './read.ts';
import { bind } from './subresources/binding.ts';
import { changeEphemeralContainers } from './subresources/ephemeral-containers.ts';
import { evict } from './subresources/eviction.ts';
import { finalize } from './subresources/finalize.ts';
import { isReview, review } from './subresources/reviews.ts';
import { changeScale, getScale } from './subresources/scale.ts';
import { requestToken } from './subresources/token.ts';
import { update } from './update.ts';
import { watch } from './watch.ts';

type Answer = (request: ResourceRequest) => ApiResponse | Promise<ApiResponse>;
type Verbs = Readonly<Record<string, Answer>>;

const resourceVerbs: Verbs = {
  get,
  list,
  watch,
  create,
  update: (request) => update(request, 'object'),
  patch: (request) => patch(request, 'object'),
  delete: deleteOne,
  deletecollection: deleteCollection,
};

const statusVerbs: Verbs = {
  get,
  update: (request) => update(request, 'status'),
  patch: (request) => patch(request, 'status'),
};

const subresourceVerbs: Readonly<Record<string, Verbs>> = {
  status: statusVerbs,
  /** CertificateSigningRequest: the approver writes conditions. */
  approval: statusVerbs,
  scale: { get: getScale, update: changeScale, patch: changeScale },
  binding: { create: bind },
  eviction: { create: evict },
  finalize: { update: finalize },
  token: { create: requestToken },
  ephemeralcontainers: { get, update: changeEphemeralContainers, patch: changeEphemeralContainers },
};

function answerOf(request: ResourceRequest): Answer | undefined {
  const { kind, info } = request;
  if (info.subresource === '') {
    if (isReview(kind.plural)) return info.verb === 'create' ? review : undefined;
    if (kind.plural === 'bindings' && kind.group === '') return info.verb === 'create' ? bind : undefined;
    return kind.verbs.includes(info.verb) ? resourceVerbs[info.verb] : undefined;
  }
  if (!kind.subresources.includes(info.subresource)) throw noRouteError();
  if (reachesNode(info.subresource)) return reachNode;
  return subresourceVerbs[info.subresource]?.[info.verb];
}

/** A name becomes part of a path. Throws 400. */
function checkName(name: string): void {
  const faults = isPathSegmentName(name);
  if (faults.length > 0)
    throw badRequestError(`Name parameter invalid: ${JSON.stringify(name)}: ${faults.join(';')}`);
}

/** Verbs that need no name. */
const collectionVerbs: ReadonlySet<string> = new Set(['create', 'list', 'watch', 'deletecollection']);

/** Throws 404 for paths that name nothing, 405 for verbs that the place does not have, 400 for names that cannot be. */
export function dispatch(request: ResourceRequest): ApiResponse | Promise<ApiResponse> {
  const { kind, info } = request;
  if (kind.scope === 'Cluster' && info.namespace !== '' && kind.plural !== 'namespaces') throw noRouteError();
  if (info.rest.length > 0 && info.subresource !== 'proxy') throw noRouteError();
  const named = info.name !== '';
  const onCollection = info.subresource === '' && collectionVerbs.has(info.verb);
  if (!named && !onCollection) throw methodNotAllowedError();
  if (named && info.verb === 'create' && info.subresource === '') throw methodNotAllowedError();
  if (kind.scope === 'Namespaced' && info.namespace === '' && (named || info.verb === 'create'))
    throw noRouteError();
  const answer = answerOf(request);
  if (answer === undefined) throw methodNotAllowedError();
  if (named) checkName(info.name);
  return answer(request);
}
