/** As Go prints a duration of whole milliseconds: `250ms`, `1.5s`, `1m20s`. */
export function goDuration(milliseconds: number): string {
  const whole = Math.trunc(milliseconds);
  if (whole < 1000) return whole === 0 ? '0s' : `${whole}ms`;
  const seconds = whole / 1000;
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  const rest = `${Number((seconds - minutes * 60).toFixed(3))}s`;
  return minutes < 60 ? `${minutes}m${rest}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${rest}`;
}
