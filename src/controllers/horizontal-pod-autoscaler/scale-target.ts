/** What an autoscaler scales. Source of wording: k8s.io/client-go scale, k8s.io/apimachinery pkg/api/meta. */
import { type KindName, kindNamed, kindNames } from '../../client/kind-names.ts';
import { objectKey } from '../../client/object-key.ts';
import type { View } from '../../client/view.ts';
import type { HorizontalPodAutoscalerV2 } from '../../kinds/generated/types.ts';
import type { KubeObject } from '../../kinds/object.ts';
import { kinds } from '../../kinds/registry.ts';
import { notFoundError } from '../../kinds/status.ts';

export interface ScaleTarget {
  readonly kind: KindName;
  readonly key: string;
  /** spec.replicas */
  readonly replicas: number;
  /** `app=web` */
  readonly selector: string;
}

/** Every kind with a scale subresource. */
export const scalableKinds: readonly KindName[] = kindNames.filter(
  (name) => kindNamed(name).scale !== undefined,
);

/** The target, or why there is none. */
export function findTarget({ metadata, spec }: HorizontalPodAutoscalerV2, view: View): ScaleTarget | string {
  const { apiVersion = '', kind, name } = spec.scaleTargetRef;
  const parts = apiVersion.split('/');
  if (parts.length > 2) return `unexpected GroupVersion string: ${apiVersion}`;
  const group = parts.length === 2 ? (parts[0] as string) : '';
  const served = kinds.find((each) => each.kind === kind && each.group === group);
  if (served === undefined)
    return `no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}`;
  const scalable = scalableKinds.find(
    (each) => kindNamed(each).kind === kind && kindNamed(each).group === group,
  );
  const { scale } = served;
  if (scalable === undefined || scale === undefined)
    return 'the server could not find the requested resource';
  const key = objectKey(metadata.namespace, name);
  const object = view.get(scalable, key) as KubeObject | undefined;
  if (object === undefined) return notFoundError(served, name).message;
  return { kind: scalable, key, replicas: scale.replicas(object), selector: scale.selector(object) };
}
