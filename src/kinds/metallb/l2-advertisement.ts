/** L2Advertisement: which nodes answer for the addresses of which pools, on which interfaces. See ip-address-pool.ts. */
import { nameColumn, textColumn } from '../columns.ts';
import { type FieldError, path } from '../field.ts';
import { defineKind } from '../kind.ts';
import { validateLabelSelector } from '../label-selector.ts';
import { listCell } from './ip-address-pool.ts';
import type { L2Advertisement, L2AdvertisementSpec } from './types.ts';

const selectorLists = ['ipAddressPoolSelectors', 'nodeSelectors', 'serviceSelectors'] as const;

function validate({ spec = {} }: L2Advertisement): FieldError[] {
  return selectorLists.flatMap((name) =>
    (spec[name] ?? []).flatMap((selector, index) =>
      validateLabelSelector(selector, path('spec', name).index(index)),
    ),
  );
}

const listColumn = (name: string, field: keyof L2AdvertisementSpec) =>
  textColumn<L2Advertisement>(name, ({ spec }) => listCell(spec?.[field]));

export const l2Advertisement = defineKind<L2Advertisement>({
  group: 'metallb.io',
  version: 'v1beta1',
  kind: 'L2Advertisement',
  plural: 'l2advertisements',
  scope: 'Namespaced',
  isCustomResource: true,
  subresources: ['status'],
  generation: true,
  unconditionalUpdate: false,
  validate,
  columns: [
    nameColumn,
    listColumn('IPAddressPools', 'ipAddressPools'),
    listColumn('IPAddressPool Selectors', 'ipAddressPoolSelectors'),
    listColumn('Interfaces', 'interfaces'),
    { ...listColumn('Node Selectors', 'nodeSelectors'), priority: 10 },
  ],
  example: {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'L2Advertisement',
    metadata: { name: 'example', namespace: 'metallb-system' },
    spec: { ipAddressPools: ['first-pool'], interfaces: ['eth0'] },
  },
});
