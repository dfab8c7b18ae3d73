/**
 * Being told of an abort, where one signal stands for thousands of things under way. A signal walks through all its
 * listeners whenever one is added or removed; here it has a single one, and the rest is a set.
 */
const callbacksOf = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls back once, at the abort; not when the signal has aborted already. Returns what takes the callback off. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let callbacks = callbacksOf.get(signal);
  if (callbacks === undefined) {
    const all = new Set<() => void>();
    callbacks = all;
    callbacksOf.set(signal, all);
    const callAll = () => {
      callbacksOf.delete(signal);
      for (const each of all) each();
    };
    signal.addEventListener('abort', callAll, { once: true });
  }
  // The same function given twice is two callbacks.
  const own = () => callback();
  callbacks.add(own);
  return () => callbacks.delete(own);
}
