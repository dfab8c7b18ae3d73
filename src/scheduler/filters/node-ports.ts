import { changedNode } from '../cluster-event.ts';
import { type Filter, resolvable } from '../plugin.ts';

const taken = resolvable("node(s) didn't have free ports for the requested pod ports");

export const nodePorts: Filter = {
  name: 'NodePorts',
  prepare({ hostPorts }) {
    if (hostPorts.length === 0) return undefined;
    return { check: (node) => (hostPorts.some((port) => node.hasPortConflict(port)) ? taken : undefined) };
  },
  helps(event, { hostPorts }) {
    if (event.type === 'podGone')
      return event.pod.hostPorts.some((port) =>
        hostPorts.some((wanted) => wanted.port === port.port && wanted.protocol === port.protocol),
      );
    return changedNode(event) !== undefined;
  },
};
