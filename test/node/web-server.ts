/**
 * A web server for pods that behaves when it is asked to end: it goes on answering for a while, but tells every client on
 * a kept connection to open another one next time, and closes when nobody is left. With a preStop sleep before the signal,
 * as upstream recommends (kubernetes.io, "Pod termination flow"), no request meets a closed door.
 */
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const [port = '8080', drainMilliseconds = '1500'] = process.argv.slice(2);

let isDraining = false;

const server = createServer((request, response) => {
  request.resume();
  if (isDraining) response.setHeader('connection', 'close');
  response.end(hostname());
});
// Connections are kept as long as the client likes: the server must not close one that is about to be used.
server.keepAliveTimeout = 0;
server.requestTimeout = 0;
server.listen(Number(port), '0.0.0.0');

process.once('SIGTERM', () => {
  isDraining = true;
  setTimeout(() => server.close(() => process.exit(0)), Number(drainMilliseconds));
});
