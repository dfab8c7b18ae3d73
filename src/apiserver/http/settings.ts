/** The skin's limits as one record, so that a test can shorten a timeout. */
import * as limits from '../limits.ts';

export const defaultHttpSettings = {
  requestBodyBytesMax: limits.requestBodyBytesMax,
  requestBodiesBytesMax: limits.requestBodiesBytesMax,
  connectionsMax: limits.connectionsMax,
  concurrentStreamsMax: limits.concurrentStreamsMax,
  handshakeMilliseconds: limits.handshakeMilliseconds,
  headersMilliseconds: limits.headersMilliseconds,
  bodyMilliseconds: limits.bodyMilliseconds,
  handlerMilliseconds: limits.handlerMilliseconds,
  responseStallMilliseconds: limits.responseStallMilliseconds,
  idleMilliseconds: limits.idleMilliseconds,
  lingerMilliseconds: limits.lingerMilliseconds,
  drainMilliseconds: limits.drainMilliseconds,
};

export type HttpSettings = typeof defaultHttpSettings;
