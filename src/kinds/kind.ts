/**
 * A kind is one file: what upstream scatters over defaults, validation, strategy and printers stands together.
 * Everything here is pure: no I/O, no clock, no randomness. Kinds are listed in `registry.ts`.
 */
import type { FieldError } from './field.ts';
import type { AnyObject, KubeObject } from './object.ts';

export type Cell = string | number | boolean | null;

export interface Column<Type extends KubeObject = KubeObject> {
  name: string;
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  format?: string;
  description?: string;
  /** 0 is always shown (the default); 1 only with `-o wide`. */
  priority?: number;
  /** `now` is milliseconds since the epoch, for ages. */
  of: (object: Type, now: number) => Cell;
}

/** How the scale subresource reads and writes this kind (autoscaling/v1 Scale). */
export interface ScaleAccess<Type extends KubeObject = KubeObject> {
  /** spec.replicas */
  replicas: (object: Type) => number;
  setReplicas: (object: Type, replicas: number) => void;
  /** status.replicas */
  current: (object: Type) => number;
  /** The selector in its string form, `app=web,tier in (a,b)`. */
  selector: (object: Type) => string;
}

/** What the fields of a kind file say. Only the first block is obligatory. */
export interface KindDefinition<Type extends KubeObject = KubeObject> {
  /** '' is the core group. */
  group: string;
  version: string;
  kind: string;
  plural: string;
  scope: 'Namespaced' | 'Cluster';
  /** The generated type that describes it; `kind` unless names collide (`CoreEvent`). */
  schema?: string;
  /** Further versions of its group, of the same shape, in which a body may come. */
  acceptedVersions?: readonly string[];
  /** Lower-case kind unless given. */
  singular?: string;
  shortNames?: readonly string[];
  categories?: readonly string[];
  /** `status`, `scale`, `binding`, `eviction`, `log`, `exec`, ... as they stand in the URL. */
  subresources?: readonly string[];
  /** Unless given: create, delete, deletecollection, get, list, patch, update, watch. */
  verbs?: readonly string[];

  /** Messages of what is wrong with a name. Unless given: a DNS-1123 subdomain. `prefix`: it is a generateName. */
  validateName?: (name: string, prefix: boolean) => string[];
  /** Fills unset fields in place. Idempotent; runs on every decoded object, whole templates included. */
  defaults?: (object: Type) => void;
  /** Before defaults' result is validated on create, in place. Clearing status and setting generation is done for you. */
  prepareCreate?: (object: Type) => void;
  /** The same on update. Keeping the old status and raising generation is done for you. */
  prepareUpdate?: (object: Type, old: Type) => void;
  /** The same on an update of /status. Keeping everything but status and metadata's labels, annotations, finalizers is done for you. */
  prepareStatusUpdate?: (object: Type, old: Type, subresource: string) => void;
  /** What of metadata a write of the status leaves as it is, so that it owns none of it: these fields, or everything. */
  statusKeeps?: 'metadata' | readonly ('labels' | 'ownerReferences')[];
  /** Whoever creates it may set status too: a kubelet registers its node with it. Otherwise status is cleared. */
  statusOnCreate?: boolean;
  /** Errors of the whole object but its metadata; on create and update. */
  validate?: (object: Type) => FieldError[];
  /** On create, in addition to `validate`: what is asked of new objects only. */
  validateCreate?: (object: Type) => FieldError[];
  /** On update, in addition to `validate`: what may not change. */
  validateUpdate?: (object: Type, old: Type) => FieldError[];
  /** On an update of /status, or of another subresource that writes the status. */
  validateStatusUpdate?: (object: Type, old: Type, subresource: string) => FieldError[];
  /** The text of the warning that every request on this kind brings, when upstream has deprecated it. */
  deprecation?: string;
  /** Texts for `Warning:` headers. `old` is there on update. */
  warnings?: (object: Type, old?: Type) => string[];

  /** metadata.generation is kept: 1 on create, one more when anything but metadata and status changes. */
  generation?: boolean;
  /** Fields for `--field-selector`, besides metadata.name and metadata.namespace. */
  selectableFields?: (object: Type) => Readonly<Record<string, string>>;
  /** Printer columns; unless given: Name and Age. */
  columns?: readonly Column<Type>[];
  scale?: ScaleAccess<Type>;
  /** Seconds a delete waits for the object's own end (pods only); 0 removes it at once. `asked` is gracePeriodSeconds. */
  deletionGraceSeconds?: (object: Type, asked: number | undefined) => number;
  /** What a delete does with dependents when the caller does not say. Unless given: Background. */
  defaultPropagation?: 'Background' | 'Orphan';
  /** PUT to a name that does not exist creates it (leases, endpoints, events ...). */
  createOnUpdate?: boolean;
  /** An update without a resourceVersion is allowed (most kinds). */
  unconditionalUpdate?: boolean;

  /**
   * When two versions or groups show the same stored objects (autoscaling v1 and v2, events): the one that is stored
   * leaves this out; the other names it and converts, in place of nothing lost.
   */
  storedAs?: {
    group: string;
    version: string;
    kind: string;
    toStored: (object: AnyObject) => AnyObject;
    fromStored: (object: AnyObject) => AnyObject;
    /** What a field that can be selected by is called in the stored form; left out: the same. */
    storedField?: (field: string) => string;
  };

  /** Upstream has it by a CustomResourceDefinition: objects in its lists say what they are, as only those do. */
  isCustomResource?: boolean;

  /** A valid object: the contract tests create it, read it, patch it, print it, delete it. */
  example: Type;
}

/** A definition with its gaps filled. */
export type Kind<Type extends KubeObject = KubeObject> = KindDefinition<Type> &
  Required<
    Pick<
      KindDefinition<Type>,
      'schema' | 'singular' | 'shortNames' | 'categories' | 'subresources' | 'verbs' | 'unconditionalUpdate'
    >
  >;

export const allVerbs = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
] as const;

/**
 * Fills the gaps of a definition. The result is typed as Kind<KubeObject>, so that kinds of all types stand in one
 * table; the functions are only ever called with objects of the kind itself.
 */
export function defineKind<Type extends KubeObject>(definition: KindDefinition<Type>): Kind {
  const filled = {
    schema: definition.kind,
    singular: definition.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    subresources: [],
    verbs: allVerbs,
    unconditionalUpdate: true,
    ...definition,
  };
  return filled as unknown as Kind;
}
