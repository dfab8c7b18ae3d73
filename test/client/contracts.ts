/** The API server's own request types, for tests of folders that stand below it. */
export type { ApiRequest, ApiResponse, Handler, Sink } from '../../src/apiserver/request.ts';
