/**
 * A registry of the images in a folder, in the network namespace it runs in: with TLS at one port, without at another.
 * Arguments: folder, address, port with TLS, port without, file of the certificate, file of its key. Ends with its
 * standard input.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { startMirror } from '../../src/cluster/images/mirror.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { join } from './relay.ts';

const [folder = '', address = '', port = '', plainPort = '', certificate = '', key = ''] =
  process.argv.slice(2);

const mirror = await startMirror({ folder, log: silentLogger });
const passOn = (client: net.Socket) => join(client, net.connect(mirror.port, '127.0.0.1'));
const secure = tls.createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, passOn);
const plain = net.createServer(passOn);
await Promise.all([
  once(secure.listen(Number(port), address), 'listening'),
  once(plain.listen(Number(plainPort), address), 'listening'),
]);
process.stdin.on('end', () => process.exit(0)).resume();
process.stdout.write('listening\n');
