import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LimitRange, LimitRangeItem } from './generated/types.ts';
import { limitRange } from './limit-range.ts';
import { createErrors, defaulted } from './test-kit.ts';

const metadata = { name: 'limits', namespace: 'default' };
const of = (...limits: LimitRangeItem[]): string[] =>
  createErrors(limitRange, { metadata, spec: { limits } } as LimitRange);

describe('LimitRange', () => {
  test('for containers the maximum is the limit and the limit the request, unless said', () => {
    const limits: LimitRangeItem[] = [
      { type: 'Container', max: { cpu: '2', memory: '1Gi' }, min: { storage: '1' }, default: { cpu: '1' } },
      { type: 'Pod', max: { cpu: '4' } },
    ];
    const object = defaulted<LimitRange>(limitRange, { metadata, spec: { limits } });
    assert.deepEqual(object.spec?.limits, [
      {
        type: 'Container',
        max: { cpu: '2', memory: '1Gi' },
        min: { storage: '1' },
        default: { cpu: '1', memory: '1Gi' },
        defaultRequest: { cpu: '1', memory: '1Gi', storage: '1' },
      },
      { type: 'Pod', max: { cpu: '4' } },
    ]);
  });

  const cases: Readonly<Record<string, { limits: LimitRangeItem[]; expected: string[] }>> = {
    'a type twice, and one of its own': {
      limits: [{ type: 'Pod' }, { type: 'Pod' }, { type: 'Box' }, { type: 'example.com/box' }],
      expected: [
        'spec.limits[1].type: Duplicate value: "Pod"',
        'spec.limits[2].type: Invalid value: "Box": must be a standard limit type or fully qualified',
      ],
    },
    'resources of containers': {
      limits: [{ type: 'Container', max: { storage: '1', books: '1', 'example.com/gpu': '1' } }],
      expected: ['max', 'default', 'defaultRequest'].flatMap((field) => [
        `spec.limits[0].${field}[books]: Invalid value: "books": must be a standard resource type or fully qualified`,
        `spec.limits[0].${field}[books]: Invalid value: "books": must be a standard resource for containers`,
        `spec.limits[0].${field}[storage]: Invalid value: "storage": must be a standard resource for containers`,
      ]),
    },
    'pods have no defaults': {
      limits: [{ type: 'Pod', default: { cpu: '1' }, defaultRequest: { cpu: '1' } }],
      expected: [
        "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
        "spec.limits[0].defaultRequest: Forbidden: may not be specified when `type` is 'Pod'",
      ],
    },
    'claims have a bound': {
      limits: [{ type: 'PersistentVolumeClaim', max: { cpu: '1' } }],
      expected: [
        'spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided',
      ],
    },
    'the order of the amounts': {
      limits: [
        {
          type: 'Container',
          min: { cpu: '500m' },
          max: { cpu: '100m' },
          default: { cpu: '200m' },
          defaultRequest: { cpu: '300m' },
        },
      ],
      expected: [
        'spec.limits[0].min[cpu]: Invalid value: "500m": min value 500m is greater than max value 100m',
        'spec.limits[0].defaultRequest[cpu]: Invalid value: "300m": min value 500m is greater than default request value 300m',
        'spec.limits[0].defaultRequest[cpu]: Invalid value: "300m": default request value 300m is greater than max value 100m',
        'spec.limits[0].defaultRequest[cpu]: Invalid value: "300m": default request value 300m is greater than default limit value 200m',
        'spec.limits[0].default[cpu]: Invalid value: "500m": min value 500m is greater than default value 200m',
        'spec.limits[0].default[cpu]: Invalid value: "100m": default value 200m is greater than max value 100m',
      ],
    },
    ratios: {
      limits: [
        { type: 'Pod', min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '3' } },
        { type: 'Container', maxLimitRequestRatio: { cpu: '500m' } },
      ],
      expected: [
        'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000',
        'spec.limits[1].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1',
      ],
    },
    'devices are given whole': {
      limits: [
        {
          type: 'Container',
          default: { 'example.com/gpu': '2' },
          defaultRequest: { 'example.com/gpu': '1' },
        },
      ],
      expected: [
        'spec.limits[0].defaultRequest[example.com/gpu]: Invalid value: "1": default value 2 must equal to defaultRequest value 1 in example.com/gpu',
      ],
    },
  };
  for (const [name, { limits, expected }] of Object.entries(cases))
    test(name, () => assert.deepEqual(of(...limits), expected));
});
