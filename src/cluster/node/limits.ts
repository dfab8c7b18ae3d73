/** Bounds of starting and stopping the programs under a node. */
export const nodeLimits = {
  /** containerd takes under a second; a machine that is busy with ten of them takes longer. */
  startMilliseconds: 60_000,
  /** After that it is killed. */
  stopMilliseconds: 10_000,
  pollMilliseconds: 20,
  /** How often it is looked whether a containerd that somebody else started still runs. */
  watchMilliseconds: 500,
  /** The wait before containerd is started again after a start that failed: doubled with every failure. */
  restartMilliseconds: 250,
  restartMillisecondsMax: 30_000,
  /** How often it is looked whether containerd's log is full. */
  logMilliseconds: 60_000,
  /** How often what should be gone is looked at before giving up on it. */
  removeAttempts: 250,
  /** Of a program's output; a list of the interfaces of a node with hundreds of pods is long. */
  outputBytesMax: 16 * 1024 * 1024,
  commandMilliseconds: 60_000,
} as const;
