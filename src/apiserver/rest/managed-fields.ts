import type { AnyObject } from '../../kinds/object.ts';
import type { ResourceRequest } from '../context.ts';
import type { WriteOptions } from './write-options.ts';

export function trackCreate(_request: ResourceRequest, _object: AnyObject, _options: WriteOptions): void {}

export function trackUpdate(
  _request: ResourceRequest,
  _write: { object: AnyObject; old: AnyObject | undefined },
  _options: WriteOptions,
): void {}
