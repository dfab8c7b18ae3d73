/** What `wherry up` says at its end. */
import path from 'node:path';
import { shellWord } from '../../lib/shell-word.ts';
import { demoName } from './demo.ts';
import { commandFor } from './hint.ts';
import type { UpResult } from './up.ts';

export function upText({ settings, kubeconfig, demo }: UpResult): string {
  const place = { name: settings.name, dataDirectory: path.dirname(kubeconfig) };
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
    `  ${commandFor('status', place)}, ${commandFor('down', place)}`,
  ];
  return `${lines.join('\n')}\n`;
}
