/**
 * From a fresh clone to a server that kubectl can use. Run: npm run up [-- <options of bin/wherry server>]
 *
 * Until there are real nodes this is the control plane with two simulated ones, in the foreground, on ~/.wherry/default.
 */
import { spawn } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');
const dataDirectory = path.join(os.homedir(), '.wherry/default');

console.log(`This starts the control plane with two simulated nodes: Deployments make pods, pods are scheduled and become ready,
Services get addresses and endpoints; but no container runs, and Services do not route yet.
Stop it with Ctrl-C. Once it is ready, in another terminal:

  export KUBECONFIG=${path.join(dataDirectory, 'kubeconfig')}
  kubectl get services --all-namespaces
`);

const args = ['server', '--data-dir', dataDirectory, '--simulated-nodes', '2', ...process.argv.slice(2)];
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
