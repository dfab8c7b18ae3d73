/** What a ResourceClaim takes from a quota (KEP-4381). Source: pkg/quota/v1/evaluator/core/resource_claims.go. */
import { quantityOf } from '../../lib/quantity.ts';
import type { DeviceSubRequest, ResourceResourceClaim } from '../generated/types.ts';
import { one, type Usage } from './amounts.ts';

const claimCount = 'count/resourceclaims.resource.k8s.io';
const byClass = '.deviceclass.resource.k8s.io/devices';

/** Devices that one claim can get at most: what a request for all of them is counted as. */
const devicesPerClaimMax = 32;

/** Also `gpu.example.com.deviceclass.resource.k8s.io/devices`. */
export const isDeviceResource = (name: string): boolean => name === claimCount || name.endsWith(byClass);

function devicesOf({
  allocationMode,
  count = 1,
}: Pick<DeviceSubRequest, 'allocationMode' | 'count'>): number {
  return allocationMode === 'All' ? devicesPerClaimMax : count;
}

/** Of the alternatives of a request each class counts with the most that one of them could get. */
export function deviceUsage({ spec }: ResourceResourceClaim): Usage {
  const devices = new Map<string, number>();
  for (const { exactly, firstAvailable = [] } of spec.devices?.requests ?? []) {
    const most = new Map<string, number>();
    for (const each of exactly === undefined ? firstAvailable : [exactly])
      most.set(each.deviceClassName, Math.max(most.get(each.deviceClassName) ?? 0, devicesOf(each)));
    for (const [name, count] of most) devices.set(name, (devices.get(name) ?? 0) + count);
  }
  const usage = new Map([[claimCount, one]]);
  for (const [name, count] of devices) usage.set(name + byClass, quantityOf(count));
  return usage;
}
