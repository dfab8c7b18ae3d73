import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSpec, ResourceRequirements } from '../../kinds/generated/types.ts';
import { testContainer } from '../test-kit.ts';
import { memoryBytes } from './memory-size.ts';

const limited = (memory: string): { resources: ResourceRequirements } => ({
  resources: { limits: { memory } },
});
const free = testContainer('free');
const small = testContainer('small', limited('64Mi'));
const mebibyte = 2 ** 20;

const cases: Record<string, [spec: PodSpec, sizeLimit: string | undefined, bytes: number | undefined]> = {
  'as much as the node gives to pods': [{ containers: [free] }, undefined, 1024 * mebibyte],
  'what the volume may hold': [{ containers: [free] }, '10Mi', 10 * mebibyte],
  'a limit of nothing is none': [{ containers: [free] }, '0', 1024 * mebibyte],
  'what the containers may take together': [{ containers: [small, small] }, undefined, 128 * mebibyte],
  'the volume asks for more than the pod may take': [{ containers: [small] }, '1Gi', 64 * mebibyte],
  'one container without a limit': [{ containers: [small, free] }, undefined, 1024 * mebibyte],
  'an init container without a limit': [
    { initContainers: [free], containers: [small] },
    undefined,
    1024 * mebibyte,
  ],
  'a limit of the pod itself': [{ containers: [free], ...limited('32Mi') }, undefined, 32 * mebibyte],
  'more than the node has': [{ containers: [testContainer('big', limited('8Gi'))] }, '4Gi', 1024 * mebibyte],
};

for (const [name, [spec, sizeLimit, bytes]] of Object.entries(cases))
  test(`room in memory: ${name}`, () => {
    assert.equal(memoryBytes(spec, { sizeLimit, allocatable: '1Gi' }), bytes);
  });

test('a node that does not know what it has', () => {
  assert.equal(
    memoryBytes({ containers: [free] }, { sizeLimit: undefined, allocatable: undefined }),
    undefined,
  );
});
