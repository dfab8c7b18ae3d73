/** Bounds of the talk with the container runtime. The waits are those of upstream's kubelet. */
export const criLimits = {
  /** Of one request or answer, as upstream's client has it. A longer one fails with RESOURCE_EXHAUSTED. */
  messageBytesMax: 16 * 1024 * 1024,
  /** For everything that has no wait of its own below. Source: kubelet's runtimeRequestTimeout. */
  requestMilliseconds: 2 * 60_000,
  /** Making a sandbox calls the network plugins, which may be slow. */
  runSandboxMilliseconds: 4 * 60_000,
  /** That a container has to stop in: a hundred years, and the milliseconds of it fit where they must. */
  graceSecondsMax: 100 * 365 * 86_400,
  /** On top of it. */
  stopExtraMilliseconds: 2 * 60_000,
  /** On top of what a command in a container may take. */
  execExtraMilliseconds: 5_000,
  /** A command without a limit of its own must end, too. */
  execMillisecondsMax: 60 * 60_000,
  /** A large image over a thin line. Upstream waits forever. */
  pullMilliseconds: 60 * 60_000,
  /** A runtime that was restarted is found again this soon. */
  reconnectMillisecondsMin: 100,
  reconnectMillisecondsMax: 3_000,
} as const;
