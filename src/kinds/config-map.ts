import { ageColumn, nameColumn, textColumn } from './columns.ts';
import { type FieldError, forbidden, invalid, path, tooLong } from './field.ts';
import type { ConfigMap } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { isConfigMapKey } from './names.ts';
import { sameTexts, secretBytesMax } from './secret.ts';

const dataPath = path('data');
const binaryDataPath = path('binaryData');

/** Upstream's path for the object as a whole. */
const wholeObject = path('[]');

function validate(configMap: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  const { data = {}, binaryData = {} } = configMap;
  let bytes = 0;
  for (const key of Object.keys(data)) {
    for (const message of isConfigMapKey(key)) errors.push(invalid(dataPath.key(key), key, message));
    if (Object.hasOwn(binaryData, key))
      errors.push(invalid(dataPath.key(key), key, 'duplicate of key present in binaryData'));
    bytes += Buffer.byteLength(data[key] as string);
  }
  for (const key of Object.keys(binaryData)) {
    for (const message of isConfigMapKey(key)) errors.push(invalid(binaryDataPath.key(key), key, message));
    bytes += Buffer.byteLength(binaryData[key] as string, 'base64');
  }
  if (bytes > secretBytesMax) errors.push(tooLong(wholeObject, secretBytesMax));
  return errors;
}

function validateUpdate(configMap: ConfigMap, old: ConfigMap): FieldError[] {
  if (old.immutable !== true) return [];
  const detail = 'field is immutable when `immutable` is set';
  const errors: FieldError[] = [];
  if (configMap.immutable !== true) errors.push(forbidden(path('immutable'), detail));
  if (!sameTexts(configMap.data, old.data)) errors.push(forbidden(path('data'), detail));
  if (!sameTexts(configMap.binaryData, old.binaryData)) errors.push(forbidden(path('binaryData'), detail));
  return errors;
}

export const configMap = defineKind<ConfigMap>({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  scope: 'Namespaced',
  shortNames: ['cm'],
  validate,
  validateUpdate,
  columns: [
    nameColumn,
    textColumn<ConfigMap>(
      'Data',
      ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length,
    ),
    ageColumn,
  ],
  example: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: 'default' },
    data: { colour: 'blue' },
  },
});
