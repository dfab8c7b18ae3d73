/** How long the server may take to say who it is. */
export const greetingMilliseconds = 10_000;

/** Asking again when nobody answers, or when a certificate is not there yet. */
export const retryWaits = {
  baseMilliseconds: 500,
  maxMilliseconds: 30_000,
  factor: 2,
  jitter: 0.2,
} as const;

/** Between two looks at a request that waits: a cluster that approves by itself has the certificate in moments. */
export const pollWaits = { baseMilliseconds: 50, maxMilliseconds: 5000, factor: 1.5, jitter: 0.1 } as const;

/** A request that waits for longer than this is told of, with what to do. */
export const slowApprovalMilliseconds = 10_000;

/** A renewal is due when between these parts of the certificate's life are over. */
export const renewalPartMin = 0.7;
export const renewalPartMax = 0.9;

/** A clock is looked at this often while a renewal is far off: machines sleep, and clocks are set. */
export const renewalCheckMilliseconds = 12 * 3600 * 1000;

/** Two renewals of a certificate are at least so far apart. */
export const renewalMillisecondsMin = 60_000;
