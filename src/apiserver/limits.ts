/**
 * Every bound of the API server by name. Numbers follow upstream where it has one (kube-apiserver's defaults in
 * k8s.io/apiserver pkg/server/config.go and secure_serving.go); where it has none, they were measured here.
 */

// ---- the HTTP skin ----

/** A request body. Upstream: MaxRequestBodyBytes, 3 MiB. */
export const requestBodyBytesMax = 3 * 1024 * 1024;

/** All request bodies that are held at one time. A body beyond this is refused with 429. */
export const requestBodiesBytesMax = 256 * 1024 * 1024;

/** Request line and headers together. Node counts both; the longest honest case is a bearer token and a long selector. */
export const headerBytesMax = 64 * 1024;

/** HTTP/2 header fields of one request, pseudo-headers included. */
export const headerPairsMax = 256;

/** HTTP/2 streams that are open on one connection. Upstream: 250 unless set. */
export const concurrentStreamsMax = 250;

/** Open connections, idle ones too. Each costs about 50 KB here; kube-apiserver leaves it to the file limit. */
export const connectionsMax = 4096;

/** Invalid HTTP/2 frames, and streams refused for want of room, after which the connection is cut. */
export const sessionInvalidFramesMax = 100;
export const sessionRejectedStreamsMax = 100;

/** HTTP/2 streams that one client may reset: a burst, and so many a second after it (CVE-2023-44487). */
export const streamResetsBurst = 1000;
export const streamResetsPerSecond = 33;

/** Memory of one HTTP/2 session for headers and queues, in MB as Node counts it. */
export const sessionMemoryMegabytes = 16;

/** HTTP/2 flow control: what a client may send on one stream before it is read. Upstream: 256 KiB. */
export const streamWindowBytes = 256 * 1024;

/** What a response hands to the socket at a time. */
export const responseBlockBytes = 256 * 1024;

/** Responses to GET longer than this are compressed for clients that accept it. Upstream: 128 KiB. */
export const gzipBytesMin = 128 * 1024;

/** A TLS handshake that takes longer is cut. */
export const handshakeMilliseconds = 10_000;

/** From the first byte of a request to the end of its headers (HTTP/1.1). Upstream: ReadHeaderTimeout, 32 s. */
export const headersMilliseconds = 32_000;

/** From the headers to the last byte of the request's body. */
export const bodyMilliseconds = 30_000;

/** From the whole request to the response's head. The handler's own deadline (60 s) comes first. */
export const handlerMilliseconds = 65_000;

/** A response of which the client has taken nothing for so long is cut. Watches are not: they have a byte budget. */
export const responseStallMilliseconds = 60_000;

/** A connection without a request is closed. Upstream: IdleTimeout, 90 s. */
export const idleMilliseconds = 90_000;

/** What is still read and thrown away after a refused HTTP/1.1 body, so that the client sees the answer. */
export const lingerBytesMax = 8 * 1024 * 1024;
export const lingerMilliseconds = 2_000;

/** How long requests under way may take once the server drains; then they are cut. */
export const drainMilliseconds = 10_000;

/** In which objects are joined piece by piece; grows for one that is larger, and shrinks again after it. */
export const encodeBufferBytes = 64 * 1024;

/** Names of fields whose JSON is kept; the types have about a hundred that stand where it is asked for. */
export const encodedNamesMax = 512;

/** A body that is no JSON is looked through for what Go would say, up to this length: beyond it that takes too long. */
export const jsonProblemBytesMax = 128 * 1024;
