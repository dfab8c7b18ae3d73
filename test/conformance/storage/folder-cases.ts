/**
 * Empty folders and parts of volumes: modes, groups, room. Sources: test/e2e/common/storage/{empty_dir,host_path}.go,
 * test/e2e/storage/{subpath,empty_dir_wrapper}.go and its testsuites/subpath.go, test/e2e/common/node/expansion.go.
 */

import { tell } from './node.ts';
import type { OutputCase } from './object-cases.ts';

const disk = { emptyDir: {} };
const memory = { emptyDir: { medium: 'Memory' } };
const asUser = (runAsUser: number, fsGroup?: number) => ({
  securityContext: { runAsUser, ...(fsGroup === undefined ? {} : { fsGroup }) },
});

/** Files of each mode, written and read by whoever the pod runs as. */
const files = (...folders: readonly string[]): string =>
  `umask 0; for folder in ${folders.join(' ')}; do for mode in 644 666 777; do echo $mode > $folder/$mode; chmod $mode $folder/$mode; cat $folder/$mode; done; ${tell('$folder/*')}; done`;
const fileLines = (folder: string, owner: string): string =>
  `644\n666\n777\n-rw-r--r-- ${owner} ${folder}/644\n-rw-rw-rw- ${owner} ${folder}/666\n-rwxrwxrwx ${owner} ${folder}/777\n`;

const mounts = (...list: readonly [path: string, more: object][]) => ({
  volumeMounts: list.map(([path, more]) => ({ name: 'v', mountPath: path, ...more })),
});

export const folderCases: Readonly<Record<string, OutputCase>> = {
  'empty folders on disk and in memory': {
    volumes: { disk, memory },
    script: `${tell('/v/disk', '/v/memory')}; grep ' /v/memory ' /proc/mounts | cut -d' ' -f1-3`,
    output: 'drwxrwxrwx 0 0 /v/disk\ndrwxrwxrwt 0 0 /v/memory\ntmpfs /v/memory tmpfs\n',
  },
  'empty folders of a group': {
    volumes: { disk, memory },
    spec: asUser(0, 123),
    script: `${tell('/v/disk', '/v/memory')}; touch /v/disk/new /v/memory/new; ${tell('/v/*/new')}`,
    output:
      'drwxrwsrwx 0 123 /v/disk\ndrwxrwsrwt 0 123 /v/memory\n-rw-r--r-- 0 123 /v/disk/new\n-rw-r--r-- 0 123 /v/memory/new\n',
  },
  'files of root': {
    volumes: { disk, memory },
    script: files('/v/disk', '/v/memory'),
    output: fileLines('/v/disk', '0 0') + fileLines('/v/memory', '0 0'),
  },
  'files of somebody else': {
    volumes: { disk, memory },
    spec: asUser(1001),
    script: files('/v/disk', '/v/memory'),
    output: fileLines('/v/disk', '1001 0') + fileLines('/v/memory', '1001 0'),
  },
  'files of somebody else, in a group': {
    volumes: { disk, memory },
    spec: asUser(1001, 123),
    script: files('/v/disk', '/v/memory'),
    output: fileLines('/v/disk', '1001 123') + fileLines('/v/memory', '1001 123'),
  },
  'memory of a given size': {
    volumes: { v: { emptyDir: { medium: 'Memory', sizeLimit: '10Mi' } } },
    script: "df -k /v/v | tail -1 | awk '{ print $2 }'",
    output: '10240\n',
  },
  'memory is no more than the pod may take': {
    volumes: { v: memory },
    container: { resources: { limits: { memory: '64Mi' } } },
    script: "df -k /v/v | tail -1 | awk '{ print $2 }'",
    output: '65536\n',
  },
  'a part that is not there yet is for whoever may use the volume': {
    volumes: { v: disk },
    spec: asUser(1001, 123),
    container: mounts(['/v/part', { subPath: 'new/part' }], ['/v/upper', { subPath: 'new' }], ['/v/v', {}]),
    script: `${tell('/v/part', '/v/upper', '/v/v/new')}; touch /v/part/file; ${tell('/v/v/new/part/file')}`,
    output:
      'drwxrwsrwx 0 123 /v/part\ndrwxrwsrwx 0 123 /v/upper\ndrwxrwsrwx 0 123 /v/v/new\n-rw-r--r-- 1001 123 /v/v/new/part/file\n',
  },
  'a part in memory, of nobody in particular': {
    volumes: { v: memory },
    spec: asUser(1001),
    container: mounts(['/v/part', { subPath: 'part' }]),
    script: `echo text > /v/part/file; ${tell('/v/part', '/v/part/file')}; cat /v/part/file`,
    output: 'drwxrwxrwt 0 0 /v/part\n-rw-r--r-- 1001 0 /v/part/file\ntext\n',
  },
  'a part whose name is made of variables': {
    volumes: { v: disk },
    metadata: { annotations: { mysubpath: 'mypath' } },
    container: {
      env: [
        { name: 'POD_NAME', value: 'foo' },
        { name: 'ANNOTATION', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['mysubpath']" } } },
      ],
      ...mounts(['/part', { subPathExpr: '$(ANNOTATION)/$(POD_NAME)' }], ['/all', {}]),
    },
    script: 'touch /part/test.log; cd /all; find . -type f',
    output: './mypath/foo/test.log\n',
  },
  'a part that is only read': {
    volumes: { v: disk },
    spec: {
      initContainers: [
        {
          name: 'first',
          image: 'busybox:1.27',
          command: ['sh', '-c', 'mkdir /all/part; echo written > /all/part/file'],
          volumeMounts: [{ name: 'v', mountPath: '/all' }],
        },
      ],
    },
    container: mounts(
      ['/part', { subPath: 'part', readOnly: true }],
      ['/file', { subPath: 'part/file', readOnly: true }],
    ),
    script: 'cat /part/file /file; touch /part/x 2>&1; echo more 2>&1 > /file; true',
    output:
      "written\nwritten\ntouch: /part/x: Read-only file system\nsh: can't create /file: Read-only file system\n",
  },
  'a key in the place of a file of the image': {
    volumes: { v: { configMap: { name: 'config' } } },
    container: mounts(['/etc/passwd', { subPath: 'data-1' }]),
    script: 'cat /etc/passwd; ls /etc | grep group',
    output: 'value-1group\n',
  },
  'one container writes, the other reads': {
    volumes: { v: disk },
    spec: {
      initContainers: [
        {
          name: 'writer',
          image: 'busybox:1.27',
          restartPolicy: 'Always',
          command: ['sh', '-c', 'echo Hello > /data/shared; sleep 3600'],
          volumeMounts: [{ name: 'v', mountPath: '/data' }],
        },
      ],
    },
    script: 'until cat /v/v/shared 2>/dev/null; do sleep 0.05; done',
    output: 'Hello\n',
  },
  'volumes that are folders of the node in the same way do not disturb each other': {
    volumes: {
      a: { secret: { secretName: 'secret' } },
      b: { configMap: { name: 'config' } },
      c: disk,
      d: memory,
    },
    script: 'cat /v/a/data-1 /v/b/data-1; ls /v/c /v/d',
    output: 'secret-1value-1/v/c:\n\n/v/d:\n',
  },
};
