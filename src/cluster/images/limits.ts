/** Bounds of the relay by which nodes without a way out reach registries. */
export const relayLimits = {
  /** containerd pulls three layers of an image at once; a node pulls few images at once. */
  connectionsMax: 128,
  /** What a proxy is asked: a request's line and its headers; tokens of registries stand in them. */
  headerBytesMax: 32 * 1024,
  headerMilliseconds: 15_000,
  connectMilliseconds: 30_000,
  /** Nothing said in either direction. */
  idleMilliseconds: 120_000,
} as const;
