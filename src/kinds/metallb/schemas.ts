/** What tools/generate-kinds.ts writes for Kubernetes' own types, by hand for MetalLB's. Read by ../schema.ts. */

export const metallbSchemas: Readonly<Record<string, string>> = {
  IPAddressPool:
    'apiVersion s;kind s;metadata @ObjectMeta V;spec @IPAddressPoolSpec !;status @IPAddressPoolStatus',
  IPAddressPoolSpec:
    'addresses []s !;autoAssign b P;avoidBuggyIPs b P;serviceAllocation @IPAddressPoolServiceAllocation',
  IPAddressPoolServiceAllocation:
    'namespaceSelectors []@LabelSelector;namespaces []s;priority l;serviceSelectors []@LabelSelector',
  IPAddressPoolStatus: 'assignedIPv4 l !;assignedIPv6 l !;availableIPv4 l !;availableIPv6 l !',
  L2Advertisement:
    'apiVersion s;kind s;metadata @ObjectMeta V;spec @L2AdvertisementSpec;status @L2AdvertisementStatus',
  L2AdvertisementSpec:
    'interfaces []s;ipAddressPoolSelectors []@LabelSelector;ipAddressPools []s;nodeSelectors []@LabelSelector;serviceSelectors []@LabelSelector',
  L2AdvertisementStatus: '',
};

/** As ../generated/definitions.ts has them: OpenAPI speaks of `io.metallb.v1beta1.IPAddressPool`. */
export const metallbDefinitions: Readonly<Record<string, string>> = {
  'io.metallb.v1beta1': Object.keys(metallbSchemas).join(' '),
};
