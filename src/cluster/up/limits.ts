/** Bounds of making and ending a cluster on one machine. */
export const upLimits = {
  nodesMax: 16,
  /** Clusters side by side whose ranges are chosen by themselves. */
  clustersMax: 12,
  /** A machine that is busy with ten of them takes long. */
  serverMilliseconds: 60_000,
  nodesMilliseconds: 120_000,
  demoMilliseconds: 90_000,
  /** How long a process is left to end in good order. */
  stopMilliseconds: 15_000,
  pollMilliseconds: 25,
  commandMilliseconds: 60_000,
  /** Somebody else's up or down of the same cluster is waited for. */
  lockMilliseconds: 120_000,
  /** Of a log, shown when something failed. */
  logLines: 8,
  logBytes: 16 * 1024,
  /** Under that, a cluster would soon be in trouble. */
  freeDiskBytes: 1024 ** 3,
  /** Of a path to a unix socket, kernel's sun_path less its end. */
  socketPathBytes: 107,
} as const;
