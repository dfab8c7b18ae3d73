/** A body that takes longer to read is refused. The parser takes 10 ms for 10 KB of an honest manifest. */
export const yamlReadMillisecondsMax = 2_000;

/** An answer that takes longer to write is given up. A thousand Pods take about two seconds. */
export const yamlWriteMillisecondsMax = 20_000;

/** Bodies or answers that wait for the thread. */
export const yamlJobsMax = 64;

/** A thread that had nothing to do for so long ends. */
export const yamlIdleMilliseconds = 30_000;

/** YAML aliases that may be expanded in one body (CVE-2019-11253). */
export const yamlAliasesMax = 100;

/** The thread's own heap. */
export const yamlHeapMebibytes = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16 };
