/** A whole answer that a client takes: a list of 500 large objects, or a `deletecollection` that answers with what it deleted. */
export const responseBytesMax = 512 * 1024 * 1024;

/** One line of a watch: an object is at most 1.5 MiB when stored, and a DELETED event says it whole. */
export const watchLineBytesMax = 8 * 1024 * 1024;

/** Objects in one page of a list; upstream's informers and kubectl ask for 500. */
export const listPageObjects = 500;

/** How often a request is sent again when the server says `Retry-After`; upstream: 10. */
export const requestRetriesMax = 10;

/**
 * Requests of one client under way at once, watches apart; the others wait for their turn. Three busy clients in one
 * process stay well below what the API server answers at once, so that there is room for whoever comes from outside.
 */
export const requestsAtOnceMax = 48;

/** A server may ask for more patience than is good: longer waits are cut. */
export const retryAfterSecondsMax = 60;

/** A watch is asked to end after a random time between these, so that it is opened anew now and then. Upstream: 5-10 min. */
export const watchSecondsMin = 300;
export const watchSecondsMax = 600;

/** How long after that the client ends it itself, when the server has not. */
export const watchGraceMilliseconds = 30_000;

/** Waits between failing lists and watches, as upstream's reflector: 800 ms to 30 s. */
export const reflectorBackoff = { baseMilliseconds: 800, maxMilliseconds: 30_000, factor: 2, jitter: 1 };

/**
 * A watch that has lived so long was a good one: when it breaks, the waits begin anew. Upstream wants 2 min of peace; then
 * a connection that is cut once a minute, as some load balancers do, ends in caches that are half a minute behind.
 */
export const reflectorCalmMilliseconds = 10_000;

/** A watch that ends sooner than this without an event counts as a failure: else a broken server is asked in a loop. */
export const shortWatchMilliseconds = 1000;

/**
 * Waits of a key that fails. Upstream's default controller rate limiter goes from 5 ms to 1000 s; here a quota that has room
 * again is not to be found out a quarter of an hour later.
 */
export const keyBackoff = { baseMilliseconds: 5, maxMilliseconds: 240_000, factor: 2, jitter: 0.2 };

/** Keys reconciled at once by one controller unless it says otherwise; upstream's usual number of workers. */
export const reconcilesAtOnce = 5;

/** Keys taken from a queue before the event loop gets its turn. */
export const keysPerTurn = 32;

/** Changes that one reconcile may ask for: more is a mistake in a controller, not a plan. */
export const changesPerReconcileMax = 20_000;

/** Creates and deletes of one plan that are sent at once at most, after a slow start (1, 2, 4, ...). */
export const writesAtOnceMax = 64;

/** Events waiting to be sent; what comes beyond is dropped, as upstream's recorder does (it keeps 1000). */
export const recorderEventsMax = 1000;

/** How often the sending of an event is tried, and the wait between; upstream: 12 times, 10 s. */
export const eventAttemptsMax = 12;
export const eventRetryMilliseconds = 10_000;

/** Upstream's correlator: what is remembered, when similar events are combined, and how many an object may cause. */
export const correlatorEntriesMax = 4096;
export const similarEventsMax = 10;
export const similarEventsMilliseconds = 600_000;
export const eventBurstPerObject = 25;
export const eventRefillMilliseconds = 300_000;

/** A message of a core/v1 Event is cut to this; upstream has 1024 in events.k8s.io/v1 and kubelet cuts there too. */
export const eventMessageBytesMax = 1024;

/** Upstream's leader election. */
export const leaseMilliseconds = 15_000;
export const renewDeadlineMilliseconds = 10_000;
export const leaseRetryMilliseconds = 2_000;
export const leaseRetryJitter = 1.2;

/** Over TLS: connecting, and how often an open connection is asked whether it lives. Upstream's HTTP/2 client: 30 s and 15 s. */
export const connectMilliseconds = 10_000;
export const pingMilliseconds = 30_000;
export const pingAnswerMilliseconds = 15_000;

/** What the server may send ahead, on one stream and on the whole connection: HTTP/2's 64 KiB would slow long lists. */
export const streamWindowBytes = 1024 * 1024;
export const connectionWindowBytes = 16 * 1024 * 1024;

/** A name that is drawn: cut to a DNS label, as upstream; another is drawn so often when somebody else has it already. */
export const generatedNameCharactersMax = 63;
export const generatedSuffixCharacters = 5;
export const drawnNameAttemptsMax = 8;

/** Waits between questions after a write whose answer was lost; its key waits with them. */
export const lostAnswerBackoff = { baseMilliseconds: 10, maxMilliseconds: 5000, factor: 2, jitter: 0.2 };

/** What SharedParts remembers of all kinds, in each of two generations; places are paths like spec.containers[0].image. */
export const sharedPartsMax = 8192;
export const sharedPlacesMax = 8192;
/** A list with more elements is kept as it is: it is hardly a template's. */
export const sharedElementsMax = 64;
/** A text that is longer is not looked up, nor a part that takes more to be told apart from others. */
export const sharedTextCharactersMax = 1024;
export const sharedPartCharactersMax = 8192;
/** At a place where after so many objects fewer than one in eight was seen before, nothing is looked up until the next generation. */
export const sharedPlaceTrialsMax = 256;
