/** Paths that are no resources: discovery, OpenAPI, version, health, metrics. */
import { noRouteError } from '../../kinds/status.ts';
import type { RequestContext } from '../context.ts';
import type { ApiResponse } from '../request.ts';

export interface NonResourceRoutes {
  /** Throws 404 for a path that is not there. */
  answer(context: RequestContext): Promise<ApiResponse>;
}

/** Answers a path, or returns undefined when it is not one of its own. */
export type Route = (context: RequestContext) => ApiResponse | undefined | Promise<ApiResponse | undefined>;

/** Asks each route in order. */
export function makeRoutes(routes: readonly Route[]): NonResourceRoutes {
  return {
    async answer(context) {
      for (const route of routes) {
        const response = await route(context);
        if (response !== undefined) return response;
      }
      throw noRouteError();
    },
  };
}
