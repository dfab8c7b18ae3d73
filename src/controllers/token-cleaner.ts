/** Deletes bootstrap tokens that are no longer good. Source: pkg/controller/bootstrap/tokencleaner.go of Kubernetes. */
import { type Change, remove, requeueAfter } from '../client/change.ts';
import { type Controller, defineController } from '../client/controller.ts';
import { keyOf } from '../client/object-key.ts';
import type { Secret } from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';

const isToken = ({ metadata, type }: Secret): boolean =>
  metadata.namespace === 'kube-system' && type === 'bootstrap.kubernetes.io/token';

/** Milliseconds since the epoch; undefined: it does not expire, or nobody can read when. */
function expirationOf(secret: Secret): number | undefined {
  const text = Buffer.from(getOwn(secret.data, 'expiration') ?? '', 'base64').toString('utf8');
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

export const tokenCleaner: Controller = defineController({
  name: 'token-cleaner',
  watches: { Secret: (secret) => (isToken(secret) ? [keyOf(secret)] : []) },
  reconcile(key, view): Change[] {
    const secret = view.get('Secret', key);
    if (secret === undefined || !isToken(secret) || secret.metadata.deletionTimestamp !== undefined)
      return [];
    const expiration = expirationOf(secret);
    if (expiration === undefined) return [];
    const remaining = expiration - view.now();
    if (remaining > 0) return [requeueAfter(remaining)];
    // As it was read: somebody may have made it good for longer since.
    const { resourceVersion } = secret.metadata;
    return [remove('Secret', secret, { preconditions: { resourceVersion } })];
  },
});
