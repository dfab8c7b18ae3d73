import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wholeName } from './names.ts';

const names: Record<string, string | undefined> = {
  nginx: 'docker.io/library/nginx:latest',
  'busybox:1.27': 'docker.io/library/busybox:1.27',
  'rxmllc/hostinfo:alpine': 'docker.io/rxmllc/hostinfo:alpine',
  'docker.io/nginx': 'docker.io/library/nginx:latest',
  'localhost/web': 'localhost/web:latest',
  'localhost:5000/web:2': 'localhost:5000/web:2',
  'example.org/team/web:v1.0_x': 'example.org/team/web:v1.0_x',
  '': undefined,
  Nginx: undefined,
  '../web': undefined,
  'web@sha256:00': undefined,
  'a b': undefined,
};
for (const [given, whole] of Object.entries(names))
  test(`${JSON.stringify(given)} is ${whole}`, () => assert.equal(wholeName(given), whole));
