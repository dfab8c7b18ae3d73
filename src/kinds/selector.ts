/** Label and field selectors: one door for both. */
export { SelectorError } from './selector-error.ts';
export {
  checkSelectableFields,
  exactFieldValue,
  type FieldRequirement,
  formatFieldSelector,
  matchesFields,
  parseFieldSelector,
  type SelectableKind,
} from './selector-fields.ts';
export {
  type LabelOperator,
  type LabelRequirement,
  matchesLabels,
  parseLabelSelector,
} from './selector-labels.ts';
