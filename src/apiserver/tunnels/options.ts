/** How the queries of log, exec, attach and portforward are read. Source: apimachinery's conversion of url.Values. */
import { badRequestError } from '../../kinds/status.ts';

/** An empty value is true: `?follow`. Only `false` and `0` are not. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value.toLowerCase() !== 'false' && value !== '0';
}

const int64Max = 2n ** 63n - 1n;

/** Throws 400 in Go's words. */
export function integer(query: URLSearchParams, name: string, bits = 64): bigint | undefined {
  const text = query.get(name);
  return text === null ? undefined : parseInteger(text, bits);
}

export function parseInteger(text: string, bits = 64): bigint {
  const quoted = JSON.stringify(text);
  if (!/^[+-]?\d+$/.test(text)) throw badRequestError(`strconv.ParseInt: parsing ${quoted}: invalid syntax`);
  const max = bits === 64 ? int64Max : 2n ** BigInt(bits - 1) - 1n;
  const value = text.length > 30 ? max + 1n : BigInt(text.replace(/^\+/, ''));
  if (value > max || value < -max - 1n)
    throw badRequestError(`strconv.ParseInt: parsing ${quoted}: value out of range`);
  return value;
}

const timePattern = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)([.,]\d+)?(Z|[+-]\d\d:\d\d)$/;

/** A time as RFC 3339 has it, to the second, as upstream passes it on. Throws 400 in Go's words. */
export function time(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name);
  if (text === null || text === '' || text === 'null') return undefined;
  const match = timePattern.exec(text);
  if (match === null || Number.isNaN(Date.parse(text.replace(',', '.'))))
    throw badRequestError(
      `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(text)} as "2006"`,
    );
  return `${text.slice(0, 19)}${match[8]}`;
}
