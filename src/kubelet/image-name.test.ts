import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageName } from './image-name.ts';

test('names of images get a tag, or are refused', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const invalid = (image: string, why = '') => ({
    problem: `couldn't parse image name "${image}": invalid reference format${why}`,
  });
  const cases: Record<string, ReturnType<typeof imageName>> = {
    nginx: { name: 'nginx:latest' },
    'nginx:1.27': { name: 'nginx:1.27' },
    [`nginx@${digest}`]: { name: `nginx@${digest}` },
    [`nginx:1@${digest}`]: { name: `nginx:1@${digest}` },
    'localhost:5000/a/b': { name: 'localhost:5000/a/b:latest' },
    Nginx: invalid('Nginx', ': repository name (library/Nginx) must be lowercase'),
    'a/Nginx': invalid('a/Nginx', ': repository name (a/Nginx) must be lowercase'),
    'nginx:': invalid('nginx:'),
    '': invalid(''),
    'a b': invalid('a b'),
    [`${'x'.repeat(1025)}`]: invalid('x'.repeat(1025)),
  };
  for (const [image, wanted] of Object.entries(cases)) assert.deepEqual(imageName(image), wanted, image);
});
