/**
 * Names of what controllers create, drawn here and not by the server, which keeps a name that stands beside a
 * generateName. So a create whose answer was lost can be asked after by its name; and one that nobody could find yet
 * gives its name to the next create of its kind: should it come about after all, only one of the two can.
 */
import type { KubeObject } from '../kinds/object.ts';
import { type Random, randomSuffix } from '../lib/random.ts';
import type { CreateChange } from './change.ts';
import { generatedNameCharactersMax, generatedSuffixCharacters } from './limits.ts';

export interface DrawnName {
  readonly name: string;
  /** It is the name of an earlier create that may come about yet. */
  readonly isUnsettled: boolean;
}

/** The names of one plan. */
export class Naming {
  readonly #random: Random;
  readonly #unsettled: CreateChange[];

  /** `unsettled`: creates of the plan before it, with the names that they were given. */
  constructor(random: Random, unsettled: readonly CreateChange[] = []) {
    this.#random = random;
    this.#unsettled = [...unsettled];
  }

  /** `web-` -> `web-x7k2p`, cut so that the result is a DNS label, as upstream's server does it. */
  take({ kind, object }: CreateChange): DrawnName {
    const { namespace, generateName = '' } = object.metadata;
    const at = this.#unsettled.findIndex(
      (earlier) => earlier.kind === kind && isLike(earlier.object.metadata, { namespace, generateName }),
    );
    const [earlier] = at === -1 ? [] : this.#unsettled.splice(at, 1);
    if (earlier !== undefined) return { name: earlier.object.metadata.name ?? '', isUnsettled: true };
    const prefix = generateName.slice(0, generatedNameCharactersMax - generatedSuffixCharacters);
    return { name: prefix + randomSuffix(this.#random, generatedSuffixCharacters), isUnsettled: false };
  }
}

const isLike = (
  metadata: KubeObject['metadata'],
  { namespace, generateName }: KubeObject['metadata'],
): boolean => metadata.namespace === namespace && metadata.generateName === generateName;
