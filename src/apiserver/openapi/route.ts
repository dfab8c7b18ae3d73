/** OpenAPI as one of the routes that are no resources. */
import type { Kind } from '../../kinds/kind.ts';
import type { Route } from '../routes/routes.ts';
import { gitVersion } from '../version.ts';
import type { DescriptionSource } from './descriptions.ts';
import { OpenApi } from './openapi.ts';

/** `/openapi/v2`, `/openapi/v3` and below. Documents are made when first asked for. */
export function openApiRoute(kinds: readonly Kind[], descriptions: DescriptionSource): Route {
  const openApi = new OpenApi(kinds, { descriptions, version: gitVersion });
  return async ({ info, request }) => {
    if (!info.path.startsWith('/openapi/') || (info.verb !== 'get' && info.verb !== 'head')) return undefined;
    const answer = await openApi.answer(request.url, request.headers);
    return answer === undefined ? undefined : { ...answer, body: [answer.body] };
  };
}
