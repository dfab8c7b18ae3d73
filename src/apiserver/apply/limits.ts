/** Entries for operation Update that an object keeps; older ones are merged. Upstream: managedfields capmanagers.go. */
export const updateManagersMax = 10;

/** The annotations of one object together. Upstream: TotalAnnotationSizeLimitB. */
export const annotationsBytesMax = 256 * 1024;
