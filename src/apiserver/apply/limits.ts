/** Entries for operation Update that an object keeps; older ones are merged. Upstream: managedfields capmanagers.go. */
export const updateManagersMax = 10;

/** The annotations of one object together. Upstream: TotalAnnotationSizeLimitB. */
export const annotationsBytesMax = 256 * 1024;

/** What creators own, remembered in each of two generations; a template is one entry of a few KB. */
export const createdFieldsMax = 256;
