import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultPullPolicy, imageTag } from './image.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const tags: Record<string, string> = {
  nginx: 'latest',
  'nginx:latest': 'latest',
  'nginx:1.29': '1.29',
  'team/nginx': 'latest',
  'localhost:5000/nginx': 'latest',
  'images.example.com:5000/team/nginx:1': '1',
  [`nginx@${digest}`]: '',
  [`nginx:latest@${digest}`]: 'latest',
  'Not An Image': '',
  'nginx:': '',
  [`${'a'.repeat(64)}`]: '',
  '': '',
};

test('the tag of an image', () => {
  assert.deepEqual(
    Object.keys(tags).map((image) => [image, imageTag(image)]),
    Object.entries(tags),
  );
});

test('only the latest is pulled again and again', () => {
  assert.deepEqual(['nginx', 'nginx:1', `nginx@${digest}`, undefined].map(defaultPullPolicy), [
    'Always',
    'IfNotPresent',
    'IfNotPresent',
    'IfNotPresent',
  ]);
});
