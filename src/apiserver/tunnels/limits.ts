/** Every bound of what reaches into nodes and pods. */

/** Tunnels and passed-on requests that are open at one time; each holds two connections. */
export const tunnelsMax = 1024;

/** A connection to a node or a pod that is not there by then is given up. Upstream's dialers: 30 s. */
export const dialMilliseconds = 30_000;

/** A kubelet that was asked to upgrade and has not answered by then is given up. */
export const upgradeAnswerMilliseconds = 30_000;

/** Logs that are not followed begin by then. */
export const logAnswerMilliseconds = 60_000;

/** Nothing has gone either way for so long. Upstream: streamingConnectionIdleTimeout of the kubelet, 4 h. */
export const tunnelIdleMilliseconds = 4 * 3600 * 1000;

/** From the end of one side of a tunnel to the cut of both: what is on its way may still arrive. */
export const tunnelEndMilliseconds = 10_000;

/** How often the kernel asks whether the other side of a quiet connection is still there. */
export const keepAliveMilliseconds = 30_000;

/** The head of what a backend answers. */
export const answerHeadBytesMax = 64 * 1024;

/** What is read of a backend's refusal. Upstream: maxReadLength, 50,000. */
export const refusalBytesMax = 50_000;

/** Bytes of an answer that its client has not taken, at which the backend is not read any further. */
export const answerPendingBytesMax = 1024 * 1024;

/** A page longer than this goes out as it is, its links unchanged. */
export const rewrittenPageBytesMax = 2 * 1024 * 1024;

/** A WebSocket message of a client; kubectl's are at most 32 KiB. */
export const messageBytesMax = 1024 * 1024;

/** Bytes towards a WebSocket client that it has not taken, at which the kubelet is not read any further. */
export const socketPendingBytesMax = 1024 * 1024;

/** Protocols that a WebSocket client may offer. */
export const protocolsMax = 32;

/** A pause for the client to close the connection once it knows how its command ended. Upstream: 15 min. */
export const finishMilliseconds = 15 * 60 * 1000;

/** A command's exit, as the kubelet tells it. */
export const exitStatusBytesMax = 64 * 1024;

/** Addresses that a node's name may have. */
export const lookupAddressesMax = 16;
