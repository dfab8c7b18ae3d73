/**
 * What pods are configured with, out of caches that follow the server: of ConfigMaps and Secrets only those that pods of
 * this node name, one watch for each, since a node may see no others. Source: kubelet/util/manager (WatchBasedManager).
 */
import { Informer } from '../client/informer.ts';
import type { Informers } from '../client/informers.ts';
import { objectKey } from '../client/object-key.ts';
import type { Client } from '../client/typed-client.ts';
import type { ConfigMap, Pod, Secret } from '../kinds/generated/types.ts';
import { type Clock, sleep } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import type { ConfigSources } from './config/env.ts';
import { containersOf } from './containers.ts';
import { kubeletLimits } from './limits.ts';

type Kind = 'ConfigMap' | 'Secret';

interface Reference {
  readonly kind: Kind;
  readonly name: string;
}

/** What a pod names, once each. */
export function configReferences({ spec }: Pod): Reference[] {
  const found = new Map<string, Reference>();
  const add = (kind: Kind, name: string | undefined) => {
    if (name) found.set(`${kind}/${name}`, { kind, name });
  };
  for (const { container } of spec === undefined ? [] : containersOf({ metadata: {}, spec })) {
    for (const { configMapRef, secretRef } of container.envFrom ?? []) {
      add('ConfigMap', configMapRef?.name);
      add('Secret', secretRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add('ConfigMap', valueFrom?.configMapKeyRef?.name);
      add('Secret', valueFrom?.secretKeyRef?.name);
    }
  }
  for (const { configMap, secret, projected } of spec?.volumes ?? []) {
    add('ConfigMap', configMap?.name);
    add('Secret', secret?.secretName);
    for (const source of projected?.sources ?? []) {
      add('ConfigMap', source.configMap?.name);
      add('Secret', source.secret?.name);
    }
  }
  for (const { name } of spec?.imagePullSecrets ?? []) add('Secret', name);
  return [...found.values()];
}

interface Followed {
  readonly informer: Informer<ConfigMap> | Informer<Secret>;
  readonly stop: AbortController;
  /** The pods that name it. */
  readonly users: Set<string>;
  readonly key: string;
}

export interface NodeSourcesOptions {
  readonly client: Client;
  /** Of the Services. */
  readonly informers: Informers;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export class NodeSources implements ConfigSources {
  readonly #options: NodeSourcesOptions;
  readonly #services;
  /** By kind, namespace and name; as many as the node's pods name. */
  readonly #followed = new Map<string, Followed>();
  readonly #ofPod = new Map<string, readonly Followed[]>();

  /** Asks for the informer of Services at once: start it after this. */
  constructor(options: NodeSourcesOptions) {
    this.#options = options;
    this.#services = options.informers.of('Service');
  }

  configMap(namespace: string, name: string): ConfigMap | undefined {
    return this.#get('ConfigMap', namespace, name) as ConfigMap | undefined;
  }

  secret(namespace: string, name: string): Secret | undefined {
    return this.#get('Secret', namespace, name) as Secret | undefined;
  }

  services() {
    return this.#services.list();
  }

  /** Resolves when all is known that the pod names. Throws when the server does not say. */
  async follow(pod: Pod): Promise<void> {
    const { uid = '', namespace = '' } = pod.metadata;
    // Again each time: an ephemeral container that came later may name something more.
    const followed = configReferences(pod).map((reference) => this.#use(reference, namespace, uid));
    this.#ofPod.set(uid, followed);
    const waiting = followed.filter(({ informer }) => !informer.hasSynced);
    if (waiting.length === 0) return;
    const giveUp = new AbortController();
    const takeOff: (() => void)[] = [];
    const synced = Promise.all(
      waiting.map(({ informer }) => new Promise<void>((resolve) => takeOff.push(informer.onSynced(resolve)))),
    );
    await Promise.race([
      synced,
      sleep(this.#options.clock, kubeletLimits.sourcesMilliseconds, giveUp.signal),
    ]);
    giveUp.abort();
    // A server that does not say is asked again and again: what waited is not left behind each time.
    for (const each of takeOff) each();
    const missing = waiting.find(({ informer }) => !informer.hasSynced);
    if (missing !== undefined)
      throw new Error(`failed to sync ${missing.key}: timed out waiting for the condition`);
  }

  /** The pod is gone. */
  forget(uid: string): void {
    for (const followed of this.#ofPod.get(uid) ?? []) {
      followed.users.delete(uid);
      if (followed.users.size > 0) continue;
      followed.stop.abort();
      this.#followed.delete(followed.key);
    }
    this.#ofPod.delete(uid);
  }

  #get(kind: Kind, namespace: string, name: string): ConfigMap | Secret | undefined {
    return this.#followed
      .get(`${kind} ${objectKey(namespace, name)}`)
      ?.informer.get(objectKey(namespace, name));
  }

  #use({ kind, name }: Reference, namespace: string, uid: string): Followed {
    const key = `${kind} ${objectKey(namespace, name)}`;
    let followed = this.#followed.get(key);
    if (followed === undefined) {
      const { client, clock, random, log, signal } = this.#options;
      const select = { namespace, fieldSelector: `metadata.name=${name}` };
      const common = { clock, random, log, select };
      const informer =
        kind === 'ConfigMap'
          ? new Informer<ConfigMap>({ ...common, client: client.of('ConfigMap') })
          : new Informer<Secret>({ ...common, client: client.of('Secret') });
      followed = { informer, stop: new AbortController(), users: new Set(), key };
      this.#followed.set(key, followed);
      informer.start(AbortSignal.any([signal, followed.stop.signal]));
    }
    followed.users.add(uid);
    return followed;
  }
}
