/** The shapes of metallb.io/v1beta1 that are served here. Source: api/v1beta1 of MetalLB 0.15. */
import type { LabelSelector, ObjectMeta } from '../generated/types.ts';

export interface IPAddressPool {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  spec: IPAddressPoolSpec;
  status?: IPAddressPoolStatus;
}

export interface IPAddressPoolSpec {
  addresses: string[];
  autoAssign?: boolean;
  avoidBuggyIPs?: boolean;
  serviceAllocation?: ServiceAllocation;
}

/** Who may have addresses of the pool; whoever is meant here asks it before the pools that are for everybody. */
export interface ServiceAllocation {
  /** A lower number is asked first; 0 and none come last. */
  priority?: number;
  namespaces?: string[];
  namespaceSelectors?: LabelSelector[];
  serviceSelectors?: LabelSelector[];
}

export interface IPAddressPoolStatus {
  assignedIPv4: number;
  assignedIPv6: number;
  availableIPv4: number;
  availableIPv6: number;
}

export interface L2Advertisement {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  spec?: L2AdvertisementSpec;
  status?: L2AdvertisementStatus;
}

export interface L2AdvertisementSpec {
  /** Neither names nor selectors: every pool. */
  ipAddressPools?: string[];
  ipAddressPoolSelectors?: LabelSelector[];
  /** None: every node. */
  nodeSelectors?: LabelSelector[];
  /** None: the one that has the node's address. */
  interfaces?: string[];
  /** None: every Service. */
  serviceSelectors?: LabelSelector[];
}

export type L2AdvertisementStatus = Record<string, never>;
