import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sliceEndpointsCell, slicePortsCell, subsetsCell } from './cells.ts';

test('nothing is told apart from nothing given', () => {
  assert.equal(subsetsCell(undefined), '<none>');
  assert.equal(slicePortsCell(undefined), '<unset>');
  assert.equal(sliceEndpointsCell(undefined), '<unset>');
});

test('a port that is any port is shown by its name, or as a star', () => {
  assert.equal(slicePortsCell([{ name: 'http' }, {}, { name: 'x', port: 80 }]), 'http,*,80');
});

test('three are shown, and how many more there are', () => {
  const endpoints = [{ addresses: ['10.0.0.1', '10.0.0.2'] }, { addresses: ['10.0.0.3', '10.0.0.4'] }];
  assert.equal(sliceEndpointsCell(endpoints), '10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...');
});
