/** The pools that count, read from the objects that say so. */
import type { ConfigMap } from '../kinds/generated/types.ts';
import { metallbNamespace } from '../kinds/metallb/check.ts';
import { PoolError } from '../kinds/metallb/ranges.ts';
import type { IPAddressPool } from '../kinds/metallb/types.ts';
import { getOwn } from '../kinds/object.ts';
import { joinPools, type Pool, parseConfiguration, poolsOfObjects } from './pools.ts';

export const configurationKey = `${metallbNamespace}/config`;

export interface Configuration {
  readonly pools: readonly Pool[];
  /** What cannot be read, and whose fault it is. */
  readonly problem?: { readonly of: 'ConfigMap' | 'IPAddressPool'; readonly message: string };
}

function problemOf(error: unknown, of: 'ConfigMap' | 'IPAddressPool'): Configuration {
  if (!(error instanceof PoolError)) throw error;
  return { pools: [], problem: { of, message: error.message } };
}

export function readConfiguration(
  configMap: ConfigMap | undefined,
  objects: readonly IPAddressPool[],
): Configuration {
  let fromObjects: Pool[];
  try {
    fromObjects = poolsOfObjects(objects.filter(({ metadata }) => metadata.namespace === metallbNamespace));
  } catch (error) {
    return problemOf(error, 'IPAddressPool');
  }
  const text = getOwn(configMap?.data, 'config');
  if (text === undefined) return { pools: fromObjects };
  try {
    return { pools: joinPools(parseConfiguration(text), fromObjects) };
  } catch (error) {
    return problemOf(error, 'ConfigMap');
  }
}
