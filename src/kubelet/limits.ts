/** Bounds and waits of the agent. Those that users can see are upstream's. */
export const kubeletLimits = {
  /** The wait before a container that failed is started again: doubled with every failure. */
  restartBackOffMillisecondsMin: 10_000,
  restartBackOffMillisecondsMax: 300_000,
  /** The wait before an image that could not be had is asked for again. */
  pullBackOffMillisecondsMin: 10_000,
  pullBackOffMillisecondsMax: 300_000,
  /** What failed for a reason that may pass is tried again after this. */
  retryMilliseconds: 10_000,
  /** What a pod names of ConfigMaps and Secrets is waited for so long. */
  sourcesMilliseconds: 10_000,
  /** Every pod is looked at this often, even when nothing happens. */
  syncMilliseconds: 60_000,
  /** The runtime is asked for all it has this often. Source: the relist period of kubelet/pleg. */
  relistMilliseconds: 1000,
  /** After the runtime or the server could not be reached. */
  failureMilliseconds: 2000,
  /** The node's lease, and how often it and the node's status are looked at. Source: kubelet's defaults. */
  leaseDurationSeconds: 40,
  nodeStatusMilliseconds: 10_000,
  /** Until the node is ready for the first time, and for how long. Source: kubelet's fastNodeStatusUpdate. */
  nodeStartMilliseconds: 250,
  nodeStartMillisecondsMax: 120_000,
  /** A node's status is written this often even when nothing changes. */
  nodeReportMilliseconds: 5 * 60_000,
  /** Images that a node's status lists: the largest. */
  nodeImagesMax: 50,
  imageNamesMax: 5,
  /** Sandboxes and containers being made at once. */
  startsMax: 10,
  /** A container that is stopped gets at least this, whatever its preStop hook took. */
  graceSecondsMin: 2,
  /** Of a termination message read from a file, and from the end of the log. Source: kubelet/container/runtime.go. */
  terminationMessageBytesMax: 4096,
  terminationMessageLogBytesMax: 2048,
  terminationMessageLogLinesMax: 80,
  /** Of all of a pod's termination messages together. Source: normalizeStatus of kubelet/status. */
  terminationMessagesBytesMax: 12 * 1024,
  /** No token is used for longer, however long it is good; and how much of its life is left when it is renewed. */
  tokenKeptMilliseconds: 24 * 60 * 60_000,
  tokenRefreshedShare: 0.2,
  /** Not all at once: up to so much sooner. Source: kubelet/token/token_manager.go. */
  tokenJitterMilliseconds: 10_000,
  /** An HTTP hook whose other side says nothing for so long has failed; and how often it may be sent elsewhere. */
  hookSilenceMilliseconds: 10 * 60_000,
  hookRedirectsMax: 10,
  /** A file that variables are read from. Source: KEP-3721. */
  envFileBytesMax: 64 * 1024,
  /** Files of static pods, their size, and how often they are read when nobody tells of a change; upstream's fileCheckFrequency. */
  manifestsMax: 250,
  manifestBytesMax: 1024 * 1024,
  manifestReadMilliseconds: 20_000,
  /** Files and folders that one look at a pod's disk counts: what is beyond is not counted. */
  diskEntriesMax: 200_000,
  /** Folders within each other of a volume that becomes a group's. */
  volumeDepthMax: 256,
  /** How often the node is looked at for what runs short; how long a pressure is told of after it was seen last. */
  evictionMilliseconds: 10_000,
  pressureTransitionMilliseconds: 5 * 60_000,
  /** What a pod gets that must go at once. */
  evictionGraceSeconds: 1,
  /** Images are removed when their disk is used so far, until it is used only so far; a young one is spared; upstream's. */
  imagesHighPercent: 85,
  imagesLowPercent: 80,
  imageAgeMillisecondsMin: 2 * 60_000,
  imagesMilliseconds: 5 * 60_000,
} as const;
