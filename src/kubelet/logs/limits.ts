/** Bounds of reading and keeping container logs. Those that users can see are upstream's. */
export const logLimits = {
  /** Read from a log at a time, whatever the length of its lines. */
  blockBytes: 64 * 1024,
  /** Time, stream and tag of an entry are shorter; what is longer is no entry. */
  headerBytesMax: 256,
  /** A follower looks this often without being told of a change. Source: logForceCheckPeriod of kuberuntime/logs. */
  followCheckMilliseconds: 1000,
  /** A file that was renamed has got nothing more for so long: the runtime writes to the next one by now. */
  rotationSettleMilliseconds: 250,
  /** A log is rotated when it is longer. Source: the kubelet's containerLogMaxSize. */
  rotateBytes: 10 * 1024 * 1024,
  /** Files of one container, the one being written among them. Source: the kubelet's containerLogMaxFiles. */
  filesMax: 5,
  /** How often sizes are looked at. Source: the kubelet's containerLogMonitorInterval. */
  rotateCheckMilliseconds: 10_000,
} as const;
