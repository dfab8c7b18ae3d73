/** Requests that take as long as somebody else does. Source: BasicLongRunningRequestCheck and kube-apiserver's list. */
const streams: ReadonlySet<string> = new Set(['attach', 'exec', 'portforward']);

/** Something is run in a pod, or spoken to. */
export const isStream = (subresource: string): boolean => streams.has(subresource);

/** They have no deadline and no share in the requests under way; limits.ts here bounds them. */
export const isLongRunning = (subresource: string): boolean =>
  subresource === 'log' || subresource === 'proxy' || streams.has(subresource);
