import { test } from 'node:test';
import type { WindowsSecurityContextOptions } from '../generated/types.ts';
import { check, withContainer, withSpec } from './test-pods.ts';

const options = (windowsOptions: WindowsSecurityContextOptions) =>
  withSpec({ securityContext: { windowsOptions } });
const at = 'spec.securityContext.windowsOptions';
const user = (name: string, ...problems: string[]) =>
  [
    options({ runAsUserName: name }),
    problems.map((problem) => `${at}.runAsUserName: Invalid value: ${JSON.stringify(name)}: ${problem}`),
  ] as [ReturnType<typeof options>, string[]];

test('users', () => {
  check({
    'a user': user('ContainerUser'),
    'a user of a domain': user('NT AUTHORITY\\SYSTEM'),
    'no name': user('', 'runAsUserName cannot be an empty string'),
    'two backslashes': user('a\\b\\c', 'runAsUserName cannot contain more than one backslash'),
    'no user': user('domain\\', "runAsUserName's User cannot be empty"),
    'only dots': user('...', "runAsUserName's User cannot contain only periods or spaces"),
    'a sign': user('a@b', 'runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]'),
    'an empty credential': [
      options({ gmsaCredentialSpec: '' }),
      [`${at}.gmsaCredentialSpec: Invalid value: "": gmsaCredentialSpec cannot be an empty string`],
    ],
  });
});

test('host processes', () => {
  const hostProcess = (value: boolean) => ({ windowsOptions: { hostProcess: value } });
  check({
    'all, with the host`s network': [withSpec({ hostNetwork: true, securityContext: hostProcess(true) }), []],
    'without the host`s network': [
      withSpec({ securityContext: hostProcess(true) }),
      [
        'spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers',
      ],
    ],
    'the container disagrees': [
      withContainer({ securityContext: hostProcess(false) }, { securityContext: hostProcess(true) }),
      [
        'spec.containers[0].securityContext.windowsOptions.hostProcess: Invalid value: false: pod hostProcess value must be identical if both are specified, was true',
      ],
    ],
  });
});

test('operating systems', () => {
  check({
    'no name': [withSpec({ os: { name: '' } }), ['spec.os.name: Required value: cannot be empty']],
    'windows options of a linux pod': [
      withContainer({ securityContext: { windowsOptions: {} } }, { os: { name: 'linux' } }),
      [
        'spec.containers[0].securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod',
      ],
    ],
    'users of the host of a windows pod': [
      withSpec({ os: { name: 'windows' }, hostUsers: true, shareProcessNamespace: true }),
      [
        'spec.hostUsers: Forbidden: cannot be set for a windows pod',
        'spec.shareProcessNamespace: Forbidden: cannot be set for a windows pod',
      ],
    ],
  });
});
