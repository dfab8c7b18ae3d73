/** What `wherry why` has tried on this node: a route of the kubelet's server. */
import { join } from 'node:path';
import type { PodLookup } from '../../kubelet/known-pods.ts';
import type { ExtraRoute } from '../../kubelet/server/kubelet-server.ts';
import { exec } from '../../lib/exec.ts';
import { systemClock, systemRandom } from '../../lib/system.ts';
import { podNetwork } from '../../proxy/probes/pod-network.ts';
import { answerProbes, type ProbedRules, probePath } from '../../proxy/probes/probe-route.ts';

/** In a pod's network there is nothing but the network: program and files are the machine's. */
const probeCommand = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  join(import.meta.dirname, 'probe-program.ts'),
];

/** `rules`: undefined where a process forwards. */
export function probeRoutes(node: {
  readonly pods: PodLookup;
  readonly rules: ProbedRules | undefined;
}): Readonly<Record<string, ExtraRoute>> {
  return {
    [`POST ${probePath}`]: (_query, body) =>
      answerProbes(body, {
        ...{ clock: systemClock, random: systemRandom, exec, probeCommand, rules: node.rules },
        podNetwork: async (namespace, name) => {
          const pod = node.pods.get(namespace, name);
          return pod === undefined ? undefined : podNetwork(pod);
        },
      }),
  };
}
