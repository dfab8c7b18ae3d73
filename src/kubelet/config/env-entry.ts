/** One variable of a container's environment, as the runtime takes it. */
export interface EnvEntry {
  readonly key: string;
  readonly value: string;
}
