/** Kubernetes' two forms of RFC 3339. Both take milliseconds since the epoch. */

/** metav1.Time, whole seconds: `2026-01-01T00:00:00Z`. */
export const timestamp = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;

/** metav1.MicroTime, of leases: `2026-01-01T00:00:00.000000Z`. */
export const microTimestamp = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, 23)}000Z`;
