/** RFC 3339 with whole seconds, as metav1.Time is written: `2026-01-01T00:00:00Z`. */
export const timestamp = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
