/** Bounds of the kubelet's own server. */
export const serverLimits = {
  /** Connections, of which a stream takes one. */
  connectionsMax: 1024,
  /** exec, attach and port-forward at once. */
  tunnelsMax: 512,
  /** Readers of logs at once. */
  logReadersMax: 512,
  /** Of a request, and of the container runtime's answer to it. */
  headerBytesMax: 64 * 1024,
  headerMilliseconds: 10_000,
  idleMilliseconds: 60_000,
  bodyBytesMax: 1024 * 1024,
  /** The container runtime says soon whether it gives a stream. */
  dialMilliseconds: 30_000,
  /** Of its refusal. */
  refusalBytesMax: 64 * 1024,
  /** For bytes that are on their way when the other side of a stream has ended. */
  lingerMilliseconds: 10_000,
  /** A peer that went without a word is found. */
  keepAliveMilliseconds: 30_000,
  /** After which whoever is turned away may ask again. Source: cacheTTL of kubelet/streaming. */
  retryAfterSeconds: 60,
} as const;
