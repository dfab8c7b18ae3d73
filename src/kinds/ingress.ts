/** Ingress. Source: pkg/apis/networking/validation, pkg/registry/networking/ingress. */
import { ageColumn, nameColumn, none, textColumn } from './columns.ts';
import type { Ingress, IngressRule } from './generated/types.ts';
import { validate, validateStatus } from './ingress-rules.ts';
import { defineKind } from './kind.ts';
import { getOwn } from './object.ts';
import { loadBalancerCell } from './service-rules/columns.ts';

const classAnnotation = 'kubernetes.io/ingress.class';
const hostsShownMax = 3;

/** `a.example,b.example,c.example + 2 more...`; `*` when no rule names a host. */
function hostsCell(rules: readonly IngressRule[]): string {
  const hosts: string[] = [];
  let more = false;
  for (const rule of rules) {
    if (hosts.length === hostsShownMax) more = true;
    if (!more && (rule.host ?? '') !== '') hosts.push(rule.host as string);
  }
  if (hosts.length === 0) return '*';
  const shown = hosts.join(',');
  return more ? `${shown} + ${rules.length - hostsShownMax} more...` : shown;
}

/** `status.loadBalancer` is always there, if empty. A status may be shared with the stored object: it is not changed. */
function keepStatus(object: Ingress): void {
  if (object.status?.loadBalancer === undefined) object.status = { ...object.status, loadBalancer: {} };
}

function warnings(object: Ingress, old?: Ingress): string[] {
  const annotated = getOwn(object.metadata.annotations, classAnnotation) !== undefined;
  return old === undefined && annotated && object.spec?.ingressClassName === undefined
    ? [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`]
    : [];
}

export const ingress = defineKind<Ingress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  scope: 'Namespaced',
  shortNames: ['ing'],
  subresources: ['status'],
  generation: true,
  defaults: keepStatus,
  prepareCreate: keepStatus,
  prepareUpdate: keepStatus,
  validate,
  validateStatusUpdate: validateStatus,
  warnings,
  columns: [
    nameColumn,
    textColumn('Class', (object: Ingress) => object.spec?.ingressClassName ?? none),
    textColumn('Hosts', (object: Ingress) => hostsCell(object.spec?.rules ?? [])),
    textColumn('Address', (object: Ingress) => loadBalancerCell(object.status?.loadBalancer?.ingress)),
    textColumn('Ports', (object: Ingress) => ((object.spec?.tls ?? []).length > 0 ? '80, 443' : '80')),
    ageColumn,
  ],
  example: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      ingressClassName: 'wherry',
      rules: [
        {
          host: 'web.example.com',
          http: {
            paths: [
              { path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } },
            ],
          },
        },
      ],
    },
  },
});
