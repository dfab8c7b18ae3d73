import { unsupportedMediaTypeError } from '../../kinds/status.ts';
import type { ResourceRequest } from '../context.ts';
import type { ApiResponse } from '../request.ts';
import type { ChangeOptions } from './update.ts';

export async function serverSideApply(
  _request: ResourceRequest,
  _options: ChangeOptions,
): Promise<ApiResponse> {
  throw unsupportedMediaTypeError([]);
}
