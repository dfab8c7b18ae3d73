/** What `wherry why` knows of a Service before it tries anything: objects of the API, gathered by the caller. */
import type { EndpointSlice, NetworkPolicy, Node, Pod, Service } from '../../kinds/generated/types.ts';

export interface ExplainTarget {
  readonly namespace: string;
  readonly name: string;
  /** As it was written: a number (of a port or a node port) or a port's name. Undefined: all ports. */
  readonly port?: string;
}

/** Whatever makes pods: Deployment, ReplicaSet, StatefulSet, DaemonSet. */
export interface Workload {
  readonly kind: string;
  readonly name: string;
  /** Of its pods. */
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined where a number is not asked for (DaemonSet). */
  readonly replicas?: number;
  readonly isPaused: boolean;
  /** Why it could not make pods, in the words of its condition. */
  readonly problem?: string;
}

export interface ServiceEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

export interface ObjectPlace {
  readonly namespace: string;
  readonly name: string;
}

/** Which node answers for a Service's external addresses, or why none does. */
export type Announcement =
  | { readonly node: string }
  | { readonly nobody: 'NotAdvertised' | 'NoUsableNode' | 'NoLocalEndpoint' };

export interface ExplainFacts {
  readonly target: ExplainTarget;
  readonly service: Service | undefined;
  /** Only where there is no such Service: what else there is. */
  readonly known: { readonly namespaces: readonly string[]; readonly services: readonly ObjectPlace[] };
  /** Of the Service. */
  readonly slices: readonly EndpointSlice[];
  /** Of its namespace. */
  readonly pods: readonly Pod[];
  /** Pods of other namespaces that its selector would match. */
  readonly podsElsewhere: readonly ObjectPlace[];
  /** Of its namespace. */
  readonly workloads: readonly Workload[];
  readonly nodes: readonly Node[];
  /** Of its namespace. */
  readonly networkPolicies: readonly NetworkPolicy[];
  /** Of the Service, the newest last. */
  readonly events: readonly ServiceEvent[];
  /** Undefined where it is not known, or nobody has to. */
  readonly announcement?: Announcement;
  /** The client's pod, when one was named. */
  readonly from?: Pod;
  /** Where things are tried; undefined when there is no node that could. */
  readonly clientNode: string | undefined;
  /** Address of Service kube-system/kube-dns; undefined: there is none. */
  readonly dnsServer: string | undefined;
  /** The cluster's domain. */
  readonly zone: string;
  /** Pods, nodes and Services live in 127.0.0.0/8, and a process forwards. */
  readonly isLoopback: boolean;
}
