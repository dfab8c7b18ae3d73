/** What `wherry up` says at its end. */
import { demoName } from './demo.ts';
import type { UpResult } from './up.ts';

export function upText({ settings, kubeconfig, demo }: UpResult): string {
  const name = settings.name === 'default' ? '' : ` --name ${settings.name}`;
  const lines = [
    '',
    `export KUBECONFIG=${shellWord(kubeconfig)}`,
    '',
    'Try next:',
    '  kubectl get nodes -o wide',
    ...(demo === undefined
      ? ['  kubectl create deployment web --image=nginx && kubectl expose deployment web --port=80']
      : [
          `  kubectl get pods,services -o wide`,
          `  curl http://${demo.address}                       several times: every pod answers in turn`,
          `  kubectl delete deployment,service ${demoName}     when you have seen it`,
        ]),
    `  bin/wherry status${name}, bin/wherry down${name}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** A path that a shell takes as one word. */
function shellWord(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
