import type { Kind } from '../kinds/kind.ts';

/** Looks kinds up by where they stand in a URL. Built from the registry, later also from custom resources. */
export class KindTable {
  readonly #kinds: readonly Kind[];
  readonly #byResource = new Map<string, Kind>();
  readonly #byKind = new Map<string, Kind>();
  readonly #groupVersions = new Set<string>();

  constructor(kinds: readonly Kind[]) {
    this.#kinds = kinds;
    for (const kind of kinds) {
      this.#byResource.set(`${kind.group}/${kind.version}/${kind.plural}`, kind);
      this.#byKind.set(`${kind.group}/${kind.version}/${kind.kind}`, kind);
      this.#groupVersions.add(`${kind.group}/${kind.version}`);
    }
  }

  get all(): readonly Kind[] {
    return this.#kinds;
  }

  /** Kinds that are stored in their own form. */
  get stored(): readonly Kind[] {
    return this.#kinds.filter((kind) => kind.storedAs === undefined);
  }

  byResource(group: string, version: string, plural: string): Kind | undefined {
    return this.#byResource.get(`${group}/${version}/${plural}`);
  }

  byKind(group: string, version: string, kind: string): Kind | undefined {
    return this.#byKind.get(`${group}/${version}/${kind}`);
  }

  hasGroupVersion(group: string, version: string): boolean {
    return this.#groupVersions.has(`${group}/${version}`);
  }

  storedKindOf(kind: Kind): Kind {
    const { storedAs } = kind;
    if (storedAs === undefined) return kind;
    const stored = this.byKind(storedAs.group, storedAs.version, storedAs.kind);
    if (stored === undefined)
      throw new Error(`${kind.kind} is stored as ${storedAs.kind}, which does not exist`);
    return stored;
  }
}
