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
  /** Every pod is looked at this often, even when nothing happens. */
  syncMilliseconds: 60_000,
  /** The runtime is asked for all it has this often. Source: the relist period of kubelet/pleg. */
  relistMilliseconds: 1000,
  /** After the runtime or the server could not be reached. */
  failureMilliseconds: 2000,
  /** The node's lease, and how often it and the node's status are looked at. Source: kubelet's defaults. */
  leaseDurationSeconds: 40,
  nodeStatusMilliseconds: 10_000,
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
} as const;
