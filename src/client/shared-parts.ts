/**
 * Pods of one template are equal in nearly all they hold. A cache of parsed objects keeps such parts once: 10,000 pods
 * take a fifth of the memory. Objects in a cache are never changed, so what is equal may be the same.
 *
 * Only parts at the same place (`spec.containers[0].resources`) are shared, never two places of one object: so a
 * structuredClone of an object, which whoever wants to change it makes, holds nothing twice.
 */
import {
  sharedElementsMax,
  sharedPartCharactersMax,
  sharedPartsMax,
  sharedPlacesMax,
  sharedPlaceTrialsMax,
  sharedTextCharactersMax,
} from './limits.ts';

/** A part that equal ones are replaced by. */
interface Part {
  readonly value: object;
  readonly id: number;
}

/** One place in the objects of a kind, with the parts that were seen there. */
interface Place {
  readonly id: number;
  /** By field name, or index. */
  readonly places: Map<string | number, Place>;
  /** By what they hold. */
  parts: Map<string, Part>;
  /** Those of the generation before, forgotten with the next unless they are seen again. */
  olderParts: Map<string, Part>;
  /** A place where hardly anything is seen twice, as `status.podIPs`, costs no more than a glance. */
  trials: number;
  hits: number;
  lastText: string;
}

const noParts: Map<string, Part> = new Map();

/** Bounded: parts that are no longer seen are forgotten a generation later. Those that objects hold live on in them. */
export class SharedParts {
  #roots = new Map<string, Place>();
  #partCount = 0;
  #placeCount = 0;
  #nextId = 0;

  /** The object, whose parts may now be those of others of its kind. It is the caller's own, and is changed. */
  share<Type extends object>(kind: string, object: Type): Type {
    if (this.#partCount >= sharedPartsMax) this.#startGeneration();
    let root = this.#roots.get(kind);
    if (root === undefined) {
      root = this.#newPlace();
      this.#roots.set(kind, root);
    }
    // An object has a name and a uid: it is like no other as a whole.
    root.trials = Number.POSITIVE_INFINITY;
    this.#share(root, object);
    return object;
  }

  /** Undefined for what cannot be shared; its parts may be. */
  #share(place: Place, value: object): Part | undefined {
    return Array.isArray(value)
      ? this.#shareElements(place, value as unknown[])
      : this.#shareFields(place, value as Record<string, unknown>);
  }

  #shareFields(place: Place, value: Record<string, unknown>): Part | undefined {
    let text: string | undefined = isPromising(place) ? '{' : undefined;
    for (const name in value) {
      const below = this.#below(place, name);
      if (below === undefined) return undefined;
      const field = value[name];
      if (typeof field === 'object' && field !== null) {
        const part = this.#share(below, field);
        if (part === undefined) text = undefined;
        else {
          if (part.value !== field) value[name] = part.value;
          if (text !== undefined) text += `${below.id}#${part.id},`;
        }
      } else if (typeof field === 'string' && text === undefined) {
        const same = sameText(below, field);
        if (same !== undefined) value[name] = same;
      } else if (text !== undefined) text = withScalar(`${text}${below.id}`, field);
    }
    return text === undefined ? undefined : this.#partOf(place, text, value);
  }

  #shareElements(place: Place, value: unknown[]): Part | undefined {
    if (value.length > sharedElementsMax) return undefined;
    let text: string | undefined = isPromising(place) ? '[' : undefined;
    for (let index = 0; index < value.length; index++) {
      const element = value[index];
      if (typeof element === 'object' && element !== null) {
        const below = this.#below(place, index);
        const part = below === undefined ? undefined : this.#share(below, element);
        if (part === undefined) text = undefined;
        else {
          value[index] = part.value;
          if (text !== undefined) text += `#${part.id},`;
        }
      } else if (text !== undefined) text = withScalar(text, element);
    }
    return text === undefined ? undefined : this.#partOf(place, text, value);
  }

  #partOf(place: Place, text: string, value: object): Part | undefined {
    place.trials++;
    if (text.length > sharedPartCharactersMax) return undefined;
    const known = place.parts.get(text);
    if (known !== undefined) {
      place.hits++;
      return known;
    }
    const older = place.olderParts.get(text);
    if (older !== undefined) place.hits++;
    const part = older ?? { value, id: this.#nextId++ };
    place.parts.set(text, part);
    this.#partCount++;
    return part;
  }

  #below(place: Place, name: string | number): Place | undefined {
    const known = place.places.get(name);
    if (known !== undefined) return known;
    if (this.#placeCount >= sharedPlacesMax) return undefined;
    const made = this.#newPlace();
    place.places.set(name, made);
    return made;
  }

  #newPlace(): Place {
    this.#placeCount++;
    return {
      id: this.#nextId++,
      places: new Map(),
      parts: new Map(),
      olderParts: noParts,
      trials: 0,
      hits: 0,
      lastText: '',
    };
  }

  #startGeneration(): void {
    this.#partCount = 0;
    if (this.#placeCount >= sharedPlacesMax) {
      // Labels and the like make places without end: begin anew, with those that are in use.
      this.#placeCount = 0;
      this.#roots = new Map();
    }
    for (const root of this.#roots.values()) age(root);
  }
}

function age(place: Place): void {
  place.olderParts = place.parts;
  place.parts = new Map();
  place.trials = 0;
  place.hits = 0;
  for (const below of place.places.values()) age(below);
}

/** Whether it may be worth while to look for the same part at this place. */
function isPromising({ trials, hits }: Place): boolean {
  return trials < sharedPlaceTrialsMax || hits * 8 > trials;
}

/** The text that was at this place the last time, where it is equal: of two equal ones one is kept. */
function sameText(place: Place, text: string): string | undefined {
  if (text === place.lastText) return place.lastText;
  place.lastText = text;
  return undefined;
}

/** Undefined for what is too long to be looked up by. Every item says its type and where it ends: no two lists of them are equal. */
function withScalar(text: string, value: unknown): string | undefined {
  if (typeof value !== 'string') return `${text}=${value},`;
  return value.length > sharedTextCharactersMax ? undefined : `${text}"${value.length}:${value}`;
}
