/**
 * What `nft -j list table` says of our own table, as far as it is compared: chains with the number of their rules, sets
 * with their elements. Source: libnftables-json(5). Keys that nft merely may print are not relied upon.
 */
import { concat, type Elements } from './table.ts';

export interface Reading {
  /** Chain to the number of its rules. */
  readonly chains: Map<string, number>;
  readonly sets: Map<string, Elements>;
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function valueText(value: unknown): string {
  if (!isObject(value)) return String(value);
  if (Array.isArray(value.concat)) return concat(...value.concat.map(valueText));
  if (isObject(value.prefix)) return `${value.prefix.addr}/${value.prefix.len}`;
  if (Array.isArray(value.range)) return value.range.map(valueText).join('-');
  // An element with a timeout is wrapped.
  if (isObject(value.elem)) return valueText(value.elem.val);
  for (const verdict of ['goto', 'jump'] as const) {
    const target = value[verdict];
    if (isObject(target)) return `${verdict} ${target.target}`;
  }
  return Object.keys(value)[0] ?? '';
}

function elementsOf(list: unknown): Elements {
  const elements: Elements = new Map();
  for (const element of Array.isArray(list) ? list : []) {
    if (Array.isArray(element)) elements.set(valueText(element[0]), valueText(element[1]));
    else elements.set(valueText(element), '');
  }
  return elements;
}

/** `text`: the output of nft. Throws a SyntaxError when it is not JSON. */
export function parseListing(text: string): Reading {
  const reading: Reading = { chains: new Map(), sets: new Map() };
  const document: unknown = JSON.parse(text);
  const entries = isObject(document) && Array.isArray(document.nftables) ? document.nftables : [];
  for (const entry of entries) {
    if (!isObject(entry)) continue;
    const { chain, rule } = entry;
    const set = entry.set ?? entry.map;
    if (isObject(chain)) reading.chains.set(String(chain.name), 0);
    if (isObject(rule)) {
      const name = String(rule.chain);
      reading.chains.set(name, (reading.chains.get(name) ?? 0) + 1);
    }
    if (isObject(set)) reading.sets.set(String(set.name), elementsOf(set.elem));
  }
  return reading;
}
