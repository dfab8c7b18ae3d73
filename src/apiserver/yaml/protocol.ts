/** What goes to the YAML thread and back. Texts travel as bytes. */
export interface YamlRequest {
  /** `read` makes JSON of YAML, `write` YAML of JSON. */
  readonly work: 'read' | 'write';
  readonly bytes: Uint8Array;
}

export type YamlReply =
  | {
      readonly bytes: Uint8Array;
      /** Keys that stand twice in a map, each as a warning has it: `line 5: key "name" already set in map`. */
      readonly duplicates: readonly string[];
    }
  /** Why it is no YAML. */
  | { readonly problem: string };
