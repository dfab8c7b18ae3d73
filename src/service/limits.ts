/** Endpoints of a Service port that `wherry why` dials; the others are counted. */
export const endpointsProbedMax = 8;

/** Ports of a Service that it looks at unless one is named. */
export const portsProbedMax = 8;

/** Nodes whose node port it dials. */
export const nodesProbedMax = 4;

/** Names that it suggests for one that is not there. */
export const suggestionsMax = 3;
