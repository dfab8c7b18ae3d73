/**
 * Runs in a network namespace: what comes in by a unix socket goes to an address that only the namespace knows.
 * Arguments: path of the socket, host, port. Ends with its standard input.
 */
import net from 'node:net';

const [socketPath = '', host = '', port = ''] = process.argv.slice(2);

export function join(one: net.Socket, other: net.Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on('error', () => {});
    // Not destroyed: what was said last may still be on its way.
    from.on('close', () => to.end());
    from.pipe(to);
  }
}

if (import.meta.main) {
  const server = net.createServer((incoming) => join(incoming, net.connect(Number(port), host)));
  server.listen(socketPath, () => process.stdout.write('listening\n'));
  process.stdin.on('end', () => process.exit(0)).resume();
}
