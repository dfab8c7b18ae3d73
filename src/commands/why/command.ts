/** The command `wherry why`. */
import { homedir } from 'node:os';
import type { Command } from 'commander';
import { checkWhyOptions, type RawWhyOptions } from './options.ts';

export function addWhy(program: Command, finish: (code: number) => void): void {
  program
    .command('why')
    .description('say why a Service does not answer, and what to do about it')
    .argument('<service>', 'svc/NAME or NAME')
    .option('-n, --namespace <namespace>', "the Service's namespace (default: that of the kubeconfig)")
    .option('--port <port>', 'one of its ports: number, name, or node port (default: all)')
    .option('--from <pod>', 'look from inside this pod: NAME or NAMESPACE/NAME (default: from a node)')
    .option('-o, --output <format>', 'text or json', 'text')
    .option(
      '--kubeconfig <file>',
      'how to reach the cluster (default: $KUBECONFIG, ~/.kube/config, ~/.wherry)',
    )
    .option('--cluster-domain <domain>', "the cluster's domain in DNS", 'cluster.local')
    .addHelpText(
      'after',
      '\nExit codes: 0 it answers, 1 it does not (the reason is printed), 2 the command line is wrong, 3 nothing could be found out.',
    )
    .action(async (service: string, raw: RawWhyOptions) => {
      const options = checkWhyOptions(service, raw, { environment: process.env, home: homedir() });
      const { runWhy } = await import('./why.ts');
      finish(
        await runWhy(options, {
          write: (text) => process.stdout.write(text),
          complain: (text) => process.stderr.write(text),
        }),
      );
    });
}
