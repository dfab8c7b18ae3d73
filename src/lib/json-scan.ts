/**
 * Looks through JSON bytes before they are parsed, because JSON.parse cannot be interrupted: a legal 3 MiB body of
 * `{},` holds the event loop for a third of a second, nested arrays longer still and then overflow whatever recurses
 * over them. One linear pass, no allocation, about 1 ns a byte. It does not check the syntax: JSON.parse does.
 */
import { UserError } from './errors.ts';

/**
 * The deepest nesting that is parsed. The deepest honest objects are CustomResourceDefinitions, whose schemas nest three
 * levels for each level of the object they describe.
 */
export const jsonDepthMax = 200;

/**
 * Array elements and object members together: 100,000 cost JSON.parse at most 20 ms here.
 */
export const jsonElementsMax = 100_000;

/**
 * Object members alone, which cost more: 50,000 distinct keys, or 50,000 objects of a shape of their own, take
 * JSON.parse up to 25 ms, 200,000 up to 135 ms; and all that comes after it (types, rules, the bytes to store) takes
 * another 1.5 µs a member. An EndpointSlice with 1,000 full endpoints has 18,000, a JSON patch of 10,000
 * operations 30,000.
 */
export const jsonMembersMax = 32_000;

/**
 * Members of an object as it is stored: field management names each key of a map once more. Patches could otherwise make
 * an object, little by little, that no single body could hold.
 */
export const storedMembersMax = 2 * jsonMembersMax;

export interface JsonShape {
  readonly depth: number;
  readonly elements: number;
  readonly members: number;
}

/** The JSON is deeper or has more elements or members than allowed: `JSON_TOO_DEEP`, `JSON_TOO_MANY_ELEMENTS`, `JSON_TOO_MANY_MEMBERS`. */
export class JsonLimitError extends UserError {}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Throws JsonLimitError as soon as a limit is passed. */
export function scanJson(
  bytes: Uint8Array,
  limits: { depthMax: number; elementsMax: number; membersMax: number } = {
    depthMax: jsonDepthMax,
    elementsMax: jsonElementsMax,
    membersMax: jsonMembersMax,
  },
): JsonShape {
  const { depthMax, elementsMax, membersMax } = limits;
  const end = bytes.length;
  let depth = 0;
  let deepest = 0;
  // Every element stands behind a comma or is the first of its container: an upper bound, off by the empty ones.
  let elements = 0;
  let members = 0;
  for (let at = 0; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === quote) {
      at++;
      while (at < end && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
    } else if (byte === comma) {
      if (++elements > elementsMax) throw tooMany('elements', elementsMax);
    } else if (byte === colon) {
      if (++members > membersMax) throw tooMany('members', membersMax);
    } else if (byte === openBrace || byte === openBracket) {
      if (++elements > elementsMax) throw tooMany('elements', elementsMax);
      if (++depth > deepest) {
        deepest = depth;
        if (depth > depthMax) throw tooDeep(depthMax);
      }
    } else if (byte === closeBrace || byte === closeBracket) {
      depth--;
    }
  }
  return { depth: deepest, elements, members };
}

function tooDeep(depthMax: number): JsonLimitError {
  return new JsonLimitError(
    'JSON_TOO_DEEP',
    `the JSON is nested more deeply than the ${depthMax} levels allowed`,
  );
}

function tooMany(what: 'elements' | 'members', max: number): JsonLimitError {
  return new JsonLimitError(
    what === 'elements' ? 'JSON_TOO_MANY_ELEMENTS' : 'JSON_TOO_MANY_MEMBERS',
    `the JSON has more than the ${max} ${what} allowed`,
  );
}
