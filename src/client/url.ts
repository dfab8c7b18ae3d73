/** Paths and queries of the resource API. */
import type { Kind } from '../kinds/kind.ts';

export interface ResourcePlace {
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** `/apis/apps/v1/namespaces/default/deployments/web/status` */
export function resourcePath(kind: Kind, { namespace, name, subresource }: ResourcePlace): string {
  const group = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const inNamespace =
    kind.scope === 'Namespaced' && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const named = name ? `/${encodeURIComponent(name)}` : '';
  const sub = subresource ? `/${subresource}` : '';
  return `${group}${inNamespace}/${kind.plural}${named}${sub}`;
}

/** `?a=1&b=x`, or '' when everything is undefined. */
export function queryText(query: Query): string {
  let text = '';
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === '') continue;
    text += `${text === '' ? '?' : '&'}${name}=${encodeURIComponent(value)}`;
  }
  return text;
}
