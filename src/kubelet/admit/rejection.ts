/** Why a node does not take a pod. */
export interface Rejection {
  /** `OutOfcpu`, `NodeAffinity`, ... */
  readonly reason: string;
  readonly message: string;
}
