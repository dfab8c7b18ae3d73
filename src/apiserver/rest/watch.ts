/** WATCH: a stream of events after a resourceVersion, or the state first and then the events. */
import { type AnyObject, apiVersionOf } from '../../kinds/object.ts';
import { expiredError, type StatusError, tooManyRequestsError } from '../../kinds/status.ts';
import { sleep } from '../../lib/clock.ts';
import { randomInteger } from '../../lib/random.ts';
import type { CachedObject } from '../cache/cached-object.ts';
import type { Collection } from '../cache/collection.ts';
import type { ResourceRequest } from '../context.ts';
import { kindPrefix } from '../keys.ts';
import { negotiate } from '../negotiate.ts';
import { partialObject, present, presentCached, table, tableRow } from '../present.ts';
import type { ApiResponse, Sink } from '../request.ts';
import {
  initialDrainMilliseconds,
  initialDrainPollMilliseconds,
  initialEventsPerTurn,
  watcherPendingBytesMax,
  watchersMax,
  watchTimeoutMillisecondsMax,
  watchTimeoutMillisecondsMin,
} from '../watch/limits.ts';
import type { WatchEventType, WatchView } from '../watch/watch-hub.ts';
import { type ListOptions, parseListOptions, parseRevision } from './list-options.ts';
import { freshen } from './read.ts';
import { tableOptionsOf } from './respond.ts';

const opening = new Map<WatchEventType, Buffer>(
  (['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'] as const).map((type) => [
    type,
    Buffer.from(`{"type":"${type}","object":`),
  ]),
);
const closing = Buffer.from('}\n');

function line(type: WatchEventType, object: Uint8Array): Uint8Array {
  return Buffer.concat([opening.get(type) as Buffer, object, closing]);
}

const json = (value: object): Uint8Array => Buffer.from(JSON.stringify(value));

/** Its columns are told once in a stream. */
function watchedTable(
  request: ResourceRequest,
  { row, revision, isFirst }: { row: object; revision: string | undefined; isFirst: boolean },
): object {
  const options = tableOptionsOf(request);
  const whole = table(request.kind, { ...options, metadata: { resourceVersion: revision }, rows: [row] });
  return isFirst ? whole : { ...whole, columnDefinitions: null };
}

function encoderOf(request: ResourceRequest): (object: CachedObject, isFirst: boolean) => Uint8Array {
  const { kind, representation } = request;
  if (representation.as === 'Object') return (object) => present(kind, object.bytes);
  if (representation.as === 'PartialObjectMetadata')
    return (object) => json(partialObject(presentCached(kind, object), representation.metaVersion));
  return (cached, isFirst) => {
    const object = presentCached(kind, cached);
    const row = tableRow(kind, object, tableOptionsOf(request));
    return json(watchedTable(request, { row, revision: object.metadata.resourceVersion, isFirst }));
  };
}

/** The object of a BOOKMARK: nothing but its type and the resourceVersion. */
function bookmarkObject(
  request: ResourceRequest,
  revision: number,
  { isFirst, annotations }: { isFirst: boolean; annotations?: Record<string, string> },
): object {
  const { kind, representation } = request;
  const metadata: AnyObject['metadata'] = {
    resourceVersion: String(revision),
    ...(annotations ? { annotations } : {}),
  };
  if (representation.as === 'PartialObjectMetadata')
    return partialObject({ metadata }, representation.metaVersion);
  const object = { kind: kind.kind, apiVersion: apiVersionOf(kind.group, kind.version), metadata };
  if (representation.as === 'Object') return object;
  const row = { cells: [], object: partialObject({ metadata }, representation.metaVersion) };
  return watchedTable(request, { row, revision: String(revision), isFirst });
}

function viewOf(request: ResourceRequest, options: ListOptions): WatchView {
  const { kind, stored, info, representation } = request;
  const prefix =
    kindPrefix(stored) + (info.namespace === '' || kind.scope === 'Cluster' ? '' : `${info.namespace}/`);
  const encode = encoderOf(request);
  const { matches } = options;
  return {
    id: JSON.stringify([
      kind.group,
      kind.version,
      info.namespace,
      options.labelSelector,
      options.fieldSelector,
      representation.as,
      representation.metaVersion,
      info.query.get('includeObject'),
    ]),
    matches: (object) => object.key.startsWith(prefix) && (matches === undefined || matches(object)),
    encode: (type, object, isFirst = false) => line(type, encode(object, isFirst)),
    bookmark: (revision, isFirst = false) =>
      line('BOOKMARK', json(bookmarkObject(request, revision, { isFirst }))),
    hasFirst: representation.as === 'Table',
  };
}

const initialEventsEnd = { 'k8s.io/initial-events-end': 'true' };

interface Stream {
  readonly request: ResourceRequest;
  readonly options: ListOptions;
  readonly view: WatchView;
  readonly sink: Sink;
}

/** Waits, a bounded time, for a slow reader of a long initial state; after that the hub's rule for laggards holds. */
async function drained(request: ResourceRequest, sink: Sink): Promise<void> {
  const { clock } = request.backend;
  const deadline = clock.monotonic() + initialDrainMilliseconds;
  while (sink.pendingBytes() > watcherPendingBytesMax / 2 && clock.monotonic() < deadline)
    await sleep(clock, initialDrainPollMilliseconds, request.request.signal);
}

/** What has been written of the state: the revision that it is of, and whether that was anything. */
interface Written {
  readonly revision: number;
  readonly hasBegun: boolean;
}

/** Writes the present state as ADDED events, in slices; undefined when ended meanwhile. */
async function writeState(stream: Stream, isOpen: () => boolean): Promise<Written | undefined> {
  const { request, view, sink, options } = stream;
  const { cache } = request.backend;
  const collection = cache.collection(request.stored);
  const revision = cache.revision;
  const prefix = kindPrefix(request.stored);
  const objects = collection.snapshot(prefix, `${prefix}\uffff`).filter((object) => view.matches(object));
  for (let start = 0; start < objects.length; start += initialEventsPerTurn) {
    if (start > 0) await new Promise((resolve) => setImmediate(resolve));
    if (!isOpen()) return undefined;
    await drained(request, sink);
    const lines = objects
      .slice(start, start + initialEventsPerTurn)
      .map((object, index) => view.encode('ADDED', object, start === 0 && index === 0));
    sink.write(Buffer.concat(lines));
  }
  let hasBegun = objects.length > 0;
  if (options.sendInitialEvents && options.allowWatchBookmarks) {
    const end = { isFirst: !hasBegun, annotations: initialEventsEnd };
    sink.write(line('BOOKMARK', json(bookmarkObject(request, revision, end))));
    hasBegun = true;
  }
  return isOpen() ? { revision, hasBegun } : undefined;
}

function writeError(sink: Sink, error: StatusError): void {
  sink.write(line('ERROR', json(error.toStatus())));
  sink.end();
}

function timeoutOf(request: ResourceRequest, options: ListOptions): number {
  const { timeoutSeconds } = options;
  // As upstream has it: zero is as good as nothing, and what is negative is over at once.
  if (timeoutSeconds !== undefined && timeoutSeconds !== 0) return Math.max(0, timeoutSeconds * 1000);
  const spread = watchTimeoutMillisecondsMax - watchTimeoutMillisecondsMin;
  return watchTimeoutMillisecondsMin + randomInteger(request.backend.random, spread);
}

/** The state comes first unless a resourceVersion says where to go on; sendInitialEvents decides when it is given. */
function startsWithState(options: ListOptions): boolean {
  return options.sendInitialEvents ?? (options.resourceVersion === '' || options.resourceVersion === '0');
}

function stream(context: Stream, collection: Collection): () => void {
  const { request, options, view, sink } = context;
  const { hub, cache, clock } = request.backend;
  let leave: () => void = () => {};
  let open = true;
  const finish = () => {
    open = false;
    cancelTimeout();
  };
  const cancelTimeout = clock.after(timeoutOf(request, options), () => stop());
  const stop = () => {
    if (!open) return;
    leave();
    if (open) {
      finish();
      sink.end();
    }
  };
  const join = (afterRevision: number, hasBegun = false) => {
    if (afterRevision < collection.oldestRevision) {
      finish();
      writeError(
        sink,
        expiredError(`too old resource version: ${afterRevision} (${collection.oldestRevision})`),
      );
      return;
    }
    leave = hub.join(collection, view, {
      sink,
      afterRevision,
      bookmarks: options.allowWatchBookmarks,
      hasBegun,
      onEnd: finish,
    });
  };
  if (startsWithState(options))
    writeState(context, () => open).then(
      (written) => (written === undefined ? undefined : join(written.revision, written.hasBegun)),
      () => stop(),
    );
  else
    join(
      options.resourceVersion === '' || options.resourceVersion === '0'
        ? cache.revision
        : parseRevision(options.resourceVersion),
    );
  return stop;
}

export async function watch(request: ResourceRequest): Promise<ApiResponse> {
  const options = parseListOptions(request);
  const { accept } = request.request.headers;
  const watching: ResourceRequest = {
    ...request,
    // Upstream shows no state as Tables (watchListEndpointRestrictions): who can do without takes the objects.
    representation: negotiate(accept, {
      transforms: true,
      watch: true,
      tables: !(options.sendInitialEvents === true && options.allowWatchBookmarks),
    }),
  };
  const { hub, cache } = request.backend;
  if (hub.watchers >= watchersMax)
    throw tooManyRequestsError('Too many watches, please try again later.', 10);
  if (watching.representation.as === 'Table') tableOptionsOf(watching);
  await freshen(request, options.resourceVersion);
  const view = viewOf(watching, options);
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-cache, private' },
    body: (sink) => stream({ request: watching, options, view, sink }, cache.collection(request.stored)),
  };
}
