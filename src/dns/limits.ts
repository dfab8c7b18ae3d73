/** Every bound of the DNS server. */

/** What we say that we take and send over UDP: fits an unfragmented IPv6 packet. Source: DNS flag day 2020. */
export const udpPayloadMax = 1232;

/** A UDP answer to a client without EDNS0. Source: RFC 1035, 2.3.4. */
export const plainUdpPayloadMax = 512;

/** The longest message of the protocol: the length of a TCP message is 16 bits. */
export const messageBytesMax = 65_535;

/** A name on the wire, and one label of it. Source: RFC 1035, 2.3.4. */
export const nameBytesMax = 255;
export const labelBytesMax = 63;

/** Records of one name and type that are published; the rest of a headless Service's endpoints are left out. */
export const recordsPerSetMax = 1_000;

/** How many ExternalNames of ours one answer follows. */
export const aliasesMax = 8;

/** TCP connections at once, and how long one may say nothing. Source: RFC 7766, 6.2.3. */
export const connectionsMax = 256;
export const connectionIdleMilliseconds = 10_000;

/** Answers of one TCP connection under way at once; beyond them it is not read. */
export const pipelinedQueriesMax = 100;

/** Questions that other servers are asked at once; one more is answered SERVFAIL. */
export const forwardedQueriesMax = 1_000;

/** How long one other server may take, and how often the list of them is gone through. */
export const upstreamMilliseconds = 2_000;
export const upstreamRounds = 2;

/** A server that did not answer is asked after the others for so long. */
export const muteUpstreamMilliseconds = 10_000;

/** Answers of other servers that are kept, and for how long at most. */
export const cachedAnswersMax = 10_000;
export const cachedBytesMax = 16 * 1024 * 1024;
export const cachedSecondsMax = 3_600;
export const cachedDenialSecondsMax = 30;

/** A server that other servers' questions come back to asks itself; the probe that finds it out is waited for so long. */
export const loopProbeMilliseconds = 2_000;
