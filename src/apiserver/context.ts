import type { Kind } from '../kinds/kind.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { Store } from '../store/store.ts';
import type { Authorizer } from './authorization/attributes.ts';
import type { WatchCache } from './cache/watch-cache.ts';
import type { Hook } from './hooks/hook.ts';
import type { KindTable } from './kind-table.ts';
import type { Representation } from './negotiate.ts';
import type { ApiRequest, UserInfo } from './request.ts';
import type { RequestInfo } from './request-info.ts';
import type { Tokens } from './tokens/tokens.ts';
import type { Tunnels } from './tunnels/tunnels.ts';
import type { WatchHub } from './watch/watch-hub.ts';
import type { YamlThread } from './yaml/thread.ts';

/** What every verb works with; made once per server. */
export interface Backend {
  readonly store: Store;
  readonly cache: WatchCache;
  readonly hub: WatchHub;
  readonly kinds: KindTable;
  readonly hooks: readonly Hook[];
  readonly clock: Clock;
  readonly random: Random;
  /** Undefined: this server gives no tokens to service accounts, and pods need none. */
  readonly tokens: Tokens | undefined;
  /** Who may do what. */
  readonly authorizer: Authorizer;
  /** The way to nodes and pods; undefined: there is none. */
  readonly tunnels: Tunnels | undefined;
  /** Admission plugins that are switched off, by name. */
  readonly disabledAdmission: ReadonlySet<string>;
  /** Bodies in YAML are read in one thread, answers written in another: a long list makes no body wait. */
  readonly yaml: { readonly read: YamlThread; readonly write: YamlThread };
}

/** One request on its way through the filters. */
export interface RequestContext {
  readonly request: ApiRequest;
  readonly info: RequestInfo;
  user: UserInfo;
  /** Texts for `Warning:` headers of the answer. */
  readonly warnings: string[];
}

/** A request on a kind that exists. */
export interface ResourceRequest extends RequestContext {
  readonly backend: Backend;
  readonly kind: Kind;
  /** The kind whose stored form it is: the same unless `storedAs`. */
  readonly stored: Kind;
  readonly representation: Representation;
}
