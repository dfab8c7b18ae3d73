import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Pod } from '../kinds/generated/types.ts';
import { type Behaviour, behaviourOf, type ContainerRole } from './behaviour.ts';

const usual: Behaviour = {
  startMilliseconds: 1000,
  readyMilliseconds: 0,
  neverReady: false,
  exitAfterMilliseconds: undefined,
  exitCode: 0,
  imageMissing: false,
  stopMilliseconds: 1000,
};

const cases: Record<
  string,
  { sim: Record<string, string>; role?: ContainerRole; behaviour: Partial<Behaviour> }
> = {
  'none: it runs until it is stopped': { sim: {}, behaviour: {} },
  'an init container ends by itself': { sim: {}, role: 'init', behaviour: { exitAfterMilliseconds: 1000 } },
  'a sidecar does not': { sim: {}, role: 'sidecar', behaviour: {} },
  'those of the pod are not for init containers': {
    sim: { crash: 'true', 'start-seconds': '9' },
    role: 'init',
    behaviour: { exitAfterMilliseconds: 1000 },
  },
  'nor for sidecars': { sim: { crash: 'true' }, role: 'sidecar', behaviour: {} },
  'one of the container is before one of the pod': {
    sim: { 'stop-seconds': '9', 'stop-seconds.web': '0.5' },
    behaviour: { stopMilliseconds: 500 },
  },
  'a crash is exit code 1 after a second': {
    sim: { crash: 'true' },
    behaviour: { exitAfterMilliseconds: 1000, exitCode: 1 },
  },
  'a crash of another code, later': {
    sim: { crash: 'true', 'exit-code': '7', 'exit-after-seconds': '30' },
    behaviour: { exitAfterMilliseconds: 30_000, exitCode: 7 },
  },
  'a time alone ends it well': {
    sim: { 'exit-after-seconds': '3' },
    behaviour: { exitAfterMilliseconds: 3000 },
  },
  'what cannot be read is not there': {
    sim: { 'start-seconds': '-1', 'stop-seconds': 'soon', 'exit-code': '300x', 'never-ready': 'yes' },
    behaviour: { exitAfterMilliseconds: 1000 },
  },
  'a wait is a day at most': {
    sim: { 'ready-seconds': '999999' },
    behaviour: { readyMilliseconds: 86_400_000 },
  },
};

describe('annotations', () => {
  for (const [name, { sim, role = 'app', behaviour }] of Object.entries(cases))
    test(name, () => {
      const annotations = Object.fromEntries(
        Object.entries(sim).map(([key, value]) => [`sim.wherry.dev/${key}`, value]),
      );
      const pod: Pod = { metadata: { name: 'p', annotations } };
      assert.deepEqual(behaviourOf(pod, { name: 'web', image: 'x' }, role), { ...usual, ...behaviour });
    });
});
