/**
 * Volumes made of objects: what their files are, and whose. Sources: test/e2e/common/storage/{configmap_volume,
 * secrets_volume,projected_configmap,projected_secret,projected_downwardapi,projected_combined,downwardapi_volume}.go.
 */
import { tell, type VolumePod } from './node.ts';

export interface OutputCase extends VolumePod {
  readonly output: string;
}

const notRoot = { securityContext: { runAsUser: 1000 } };
const notRootInGroup = { securityContext: { runAsUser: 1000, fsGroup: 1001 } };
const read = 0o400;
const readGroup = 0o440;

/** Folder, link and file of one key; the links of others are not told. */
const oneKey = (volume: string, key = 'data-1'): string =>
  `${tell(`/v/${volume}`, `/v/${volume}/${key}`)}; ${tell(`$(readlink -f /v/${volume}/${key})`)} | cut -d' ' -f1-3; cat /v/${volume}/${key}; echo`;

const combined = (defaultMode?: number) => ({
  projected: {
    ...(defaultMode === undefined ? {} : { defaultMode }),
    sources: [
      { configMap: { name: 'config', items: [{ key: 'data-1', path: 'config/first' }] } },
      { secret: { name: 'secret', items: [{ key: 'data-1', path: 'secret/first', mode: 0o777 }] } },
      { downwardAPI: { items: [{ path: 'podname', fieldRef: { fieldPath: 'metadata.name' } }] } },
    ],
  },
});

const downward = {
  downwardAPI: {
    items: [
      { path: 'podname', fieldRef: { fieldPath: 'metadata.name' }, mode: read },
      ...['limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'].map((resource) => ({
        path: resource,
        resourceFieldRef: {
          containerName: 'main',
          resource,
          divisor: resource.endsWith('cpu') ? '1m' : '1Mi',
        },
      })),
    ],
  },
};

export const objectCases: Readonly<Record<string, OutputCase>> = {
  'a ConfigMap: everybody reads it': {
    volumes: { v: { configMap: { name: 'config' } } },
    spec: notRoot,
    script: oneKey('v'),
    output: 'drwxrwxrwx 0 0 /v/v\nlrwxrwxrwx 0 0 /v/v/data-1\n-rw-r--r-- 0 0\nvalue-1\n',
  },
  'a ConfigMap with a mode of its own': {
    volumes: { v: { configMap: { name: 'config', defaultMode: read } } },
    script: oneKey('v'),
    output: 'drwxrwxrwx 0 0 /v/v\nlrwxrwxrwx 0 0 /v/v/data-1\n-r-------- 0 0\nvalue-1\n',
  },
  "a ConfigMap of a pod with a group: all of it is the group's": {
    volumes: { v: { configMap: { name: 'config', defaultMode: read } } },
    spec: notRootInGroup,
    script: oneKey('v'),
    output: 'drwxrwsrwx 0 1001 /v/v\nlrwxrwxrwx 0 1001 /v/v/data-1\n-r--r----- 0 1001\nvalue-1\n',
  },
  'a key in a folder, as a user who is not root': {
    volumes: { v: { configMap: { name: 'config', items: [{ key: 'data-1', path: 'path/to/data-2' }] } } },
    spec: notRoot,
    script: `ls /v/v; ${tell('/v/v/path/', '/v/v/path/to')}; cat /v/v/path/to/data-2; echo`,
    output: 'path\ndrwxr-xr-x 0 0 /v/v/path/\ndrwxr-xr-x 0 0 /v/v/path/to\nvalue-1\n',
  },
  'a key in a folder, with a group': {
    volumes: {
      v: { configMap: { name: 'config', items: [{ key: 'data-1', path: 'path/to/data-2', mode: read }] } },
    },
    spec: notRootInGroup,
    script: `${tell('/v/v/path/', '/v/v/path/to', '/v/v/path/to/data-2')}; cat /v/v/path/to/data-2; echo`,
    output:
      'drwxr-sr-x 0 1001 /v/v/path/\ndrwxr-sr-x 0 1001 /v/v/path/to\n-r--r----- 0 1001 /v/v/path/to/data-2\nvalue-1\n',
  },
  'bytes that are no text, beside text': {
    volumes: { v: { configMap: { name: 'binary' } } },
    script: 'ls /v/v; hexdump -C /v/v/dump.bin; cat /v/v/data-1',
    output:
      'data-1\ndump.bin\n00000000  de ca fe ba d0 fe ff                              |.......|\n00000007\nvalue-1',
  },
  'one ConfigMap and one Secret, each in several volumes': {
    volumes: {
      a: { configMap: { name: 'config' } },
      b: { configMap: { name: 'config' } },
      c: { secret: { secretName: 'secret' } },
      d: { secret: { secretName: 'secret' } },
    },
    script: 'cat /v/*/data-1',
    output: 'value-1value-1secret-1secret-1',
  },
  'a Secret is in memory, and nobody writes into it': {
    volumes: { v: { secret: { secretName: 'secret' } } },
    script: `${oneKey('v')}; grep ' /v/v ' /proc/mounts | cut -d' ' -f1-3; touch /v/v/x 2>&1; true`,
    output:
      'drwxrwxrwt 0 0 /v/v\nlrwxrwxrwx 0 0 /v/v/data-1\n-rw-r--r-- 0 0\nsecret-1\n' +
      'tmpfs /v/v tmpfs\ntouch: /v/v/x: Read-only file system\n',
  },
  'a Secret of a user who is not root, with mode and group': {
    volumes: { v: { secret: { secretName: 'secret', defaultMode: readGroup } } },
    spec: notRootInGroup,
    script: oneKey('v'),
    output: 'drwxrwsrwt 0 1001 /v/v\nlrwxrwxrwx 0 1001 /v/v/data-1\n-r--r----- 0 1001\nsecret-1\n',
  },
  'some keys of a Secret': {
    volumes: {
      v: { secret: { secretName: 'secret', items: [{ key: 'data-1', path: 'new/path', mode: read }] } },
    },
    script: `ls /v/v; ${tell('/v/v/new/path')}; cat /v/v/new/path; echo`,
    output: 'new\n-r-------- 0 0 /v/v/new/path\nsecret-1\n',
  },
  'what is optional and missing is an empty folder': {
    volumes: {
      a: { configMap: { name: 'none', optional: true } },
      b: { secret: { secretName: 'none', optional: true } },
      c: { configMap: { name: 'config', optional: true, items: [{ key: 'none', path: 'none' }] } },
      d: { projected: { sources: [{ secret: { name: 'none', optional: true } }] } },
    },
    script: 'ls /v/*',
    output: '/v/a:\n\n/v/b:\n\n/v/c:\n\n/v/d:\n',
  },
  'several sources in one volume': {
    volumes: { v: combined() },
    script: `ls /v/v; cd /v/v; ${tell('config/first', 'secret/first')}; cat config/first secret/first podname; echo`,
    output:
      'config\npodname\nsecret\n-rw-r--r-- 0 0 config/first\n-rwxrwxrwx 0 0 secret/first\nvalue-1secret-1several-sources-in-one-volume\n',
  },
  'several sources, with mode and group': {
    volumes: { v: combined(read) },
    spec: notRootInGroup,
    script: `${tell('/v/v')}; cd /v/v; ${tell('config/first', 'secret/first')}; cat podname; echo`,
    output:
      'drwxrwsrwt 0 1001 /v/v\n-r--r----- 0 1001 config/first\n-rwxrwxrwx 0 1001 secret/first\nseveral-sources-with-mode-and-group\n',
  },
  "the pod's own name and amounts": {
    volumes: { v: downward },
    container: {
      resources: { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } },
    },
    script: `cd /v/v; ${tell('..data/podname', '..data/limits.cpu')} | cut -d' ' -f1-3; for each in podname limits.cpu limits.memory requests.cpu requests.memory; do cat $each; echo; done`,
    output: '-r-------- 0 0\n-rw-r--r-- 0 0\nthe-pod-s-own-name-and-amounts\n1250\n64\n250\n32\n',
  },
  'what the node has is the limit of who has none': {
    volumes: { v: downward },
    script:
      'cd /v/v; [ $(cat limits.cpu) -ge 1000 ] && [ $(cat limits.memory) -gt 100 ] && cat requests.cpu requests.memory',
    output: '00',
  },
};
