/** The command `wherry server`. */
import type { Command } from 'commander';
import { usualDataDirectory } from '../../cluster/up/hint.ts';
import { checkServerOptions, type RawServerOptions } from './options.ts';

export function addServer(program: Command, finish: (code: number) => void): void {
  program
    .command('server')
    .description('run the API server until SIGTERM or SIGINT')
    .option(
      '--data-dir <directory>',
      'where data, certificates and kubeconfig are kept',
      usualDataDirectory('default'),
    )
    .option('--port <number>', 'port to listen on; 0 takes a free one', '6443')
    .option('--bind-address <addresses>', 'IP addresses to listen on: ADDRESS,...', '127.0.0.1')
    .option(
      '--advertise-address <address>',
      'IP address at which nodes and pods reach the server (default: of this machine, found out)',
    )
    .option('--store <store>', 'sqlite (kept in the data directory) or memory (gone at the end)', 'sqlite')
    .option(
      '--log-file <file>',
      'messages go there instead of standard error; at 10 MiB it goes on as FILE.1 and begins anew',
    )
    .option('--service-cidr <ranges>', 'range of ClusterIPs, or IPv4,IPv6', '10.96.0.0/16')
    .option('--cluster-cidr <ranges>', "range of pods' addresses, or IPv4,IPv6", '10.244.0.0/16')
    .option(
      '--node-cidr-mask-size <sizes>',
      "prefix length of a node's share, or IPv4,IPv6 (default: 24, of IPv6 64)",
    )
    .option(
      '--node-monitor-grace-period <time>',
      'how long a node may be silent before it is NotReady, in seconds: 90s (default: 50s)',
    )
    .option('--service-node-port-range <range>', 'range of node ports', '30000-32767')
    .option(
      '--tls-san <name>',
      "one more name or address for the server's certificate; may be given several times",
      gather,
    )
    .option(
      '--controllers <list>',
      'which control loops run: * for all, *,-NAME for all but one, NAME,..., or none',
      '*',
    )
    .option(
      '--disable-admission-plugins <names>',
      'admission plugins that are switched off: NAME,... (default: none)',
    )
    .option('--simulated-nodes <count>', 'nodes without machines, whose pods only seem to run', '0')
    .option('--simulated-node-events <switch>', 'on: they tell in Events what happens, or off', 'on')
    .option(
      '--load-balancer-pool <ranges>',
      'addresses for Services of type LoadBalancer, as a pool that is made when there is none',
    )
    .option(
      '--registry-relay <socket>',
      'an HTTP proxy there, by which agents on this machine reach registries',
    )
    .option('--registry-relay-local', 'it leads to loopback and link-local addresses, too')
    .option(
      '--node-cidr <range>',
      'with --loopback: addresses of DNS, nodes and load balancers (default: 127.30.0.0/24)',
    )
    .option('--loopback', 'a cluster in 127.0.0.0/8 without privileges: simulated pods that listen')
    .addHelpText('after', '\nExit codes: 0 ended by a signal, 1 failed, 2 the command line is wrong.')
    .action(async (raw: RawServerOptions) => {
      const options = checkServerOptions(raw);
      const { runServer } = await import('./server.ts');
      finish(await runServer(options));
    });
}

function gather(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}
