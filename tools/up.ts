/**
 * From a fresh clone to a server that kubectl can use. Run: npm run up [-- <options of bin/wherry server>]
 *
 * Until there are nodes this is the control plane alone, in the foreground, on ~/.wherry/default.
 */
import { spawn } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const dataDirectory = path.join(os.homedir(), '.wherry/default');

console.log(`This starts the control plane alone: there are no controllers, no scheduler and no nodes yet. Objects are stored,
checked and shown as Kubernetes does, but a Deployment makes no pods, and Services do not route.
Stop it with Ctrl-C. Once it is ready, in another terminal:

  export KUBECONFIG=${path.join(dataDirectory, 'kubeconfig')}
  kubectl get services --all-namespaces
`);

const args = ['server', '--data-dir', dataDirectory, ...process.argv.slice(2)];
const server = spawn(path.join(root, 'bin/wherry'), args, { stdio: 'inherit' });
// Ctrl-C reaches the server by itself, as a member of the terminal's process group: only wait for it here.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => server.kill('SIGTERM'));
server.on('error', (error) => {
  console.error(`bin/wherry does not start: ${error.message}`);
  process.exitCode = 1;
});
server.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
