/** Who decides, in this order; the first that allows is heard. Source: k8s.io/apiserver pkg/authorization/union. */
import type { ObjectView } from '../hooks/hook.ts';
import type { Authorizer } from './attributes.ts';
import { bootstrapRules } from './bootstrap-rules.ts';
import { nodeAuthorizer } from './node/node-authorizer.ts';
import { NodeGraph } from './node/node-graph.ts';

/** Reasons of those that did not allow it are told together. */
export function firstToAllow(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(attributes) {
      const reasons: string[] = [];
      for (const authorizer of authorizers) {
        const decision = authorizer.authorize(attributes);
        if (decision.allowed) return decision;
        if (decision.reason !== '') reasons.push(decision.reason);
      }
      return { allowed: false, reason: reasons.join('\n') };
    },
  };
}

/** `view` is filled: what the authorizers follow of it is followed from now on. */
export function makeAuthorizer(view: ObjectView): Authorizer {
  return firstToAllow([
    // most requests are the administrator's and the cluster's own;
    bootstrapRules,
    // nodes see what belongs to their pods.
    nodeAuthorizer(new NodeGraph(view)),
  ]);
}
