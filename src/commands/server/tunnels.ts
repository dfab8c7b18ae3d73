/** The API server's way to nodes and pods. */
import { createServer } from 'node:net';
import { type Dialler, systemDialler } from '../../apiserver/tunnels/dialler.ts';
import type { TunnelOptions } from '../../apiserver/tunnels/tunnels.ts';
import type { ClusterCertificates } from '../../cluster/certificates.ts';
import { realPort } from '../../lib/low-ports.ts';
import { systemClock } from '../../lib/system.ts';

/** `loopback`: pods listen in this very process, on the ports that it may have. */
export function makeTunnels(
  certificates: ClusterCertificates,
  { loopback, ownAddresses }: { loopback: boolean; ownAddresses: readonly string[] },
): TunnelOptions {
  return {
    dialler: loopback ? loopbackDialler() : systemDialler(systemClock),
    kubelets: { authority: certificates.authority, client: certificates.kubeletClient },
    ownAddresses,
  };
}

/** Nobody's. */
const anyLoopbackAddress = '127.255.255.254';

/** Ports below 1024 are higher ones where this process may not have them; that is tried when it is first asked. */
function loopbackDialler(): Dialler {
  let made: Promise<Dialler> | undefined;
  const dialler = () => {
    made ??= hasLowPorts(anyLoopbackAddress).then((lowPorts) =>
      systemDialler(systemClock, (port) => realPort(port, { lowPorts })),
    );
    return made;
  };
  return {
    lookup: async (name) => (await dialler()).lookup(name),
    connect: async (target, signal) => (await dialler()).connect(target, signal),
  };
}

/** Whether this process may listen below 1024: by trying. */
export function hasLowPorts(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EACCES'));
    server.listen(1, address, () => server.close(() => resolve(true)));
  });
}
