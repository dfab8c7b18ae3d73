/**
 * What an image reference says about its tag. Source of the grammar: distribution/reference; a reference it cannot
 * read counts as one without a tag, since nothing else is said about it at this point.
 */

const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const domain = '(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?';
const reference = new RegExp(
  `^(?:${domain}/)?${component}(?:/${component})*(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`,
);

/** Longer references are not looked at: no registry takes them, and the pattern should not be fed a novel. */
const referenceCharactersMax = 1024;

/** `latest` when neither tag nor digest is given; empty for a digest alone and for what is no reference. */
export function imageTag(image: string): string {
  if (image.length > referenceCharactersMax || /^[a-f0-9]{64}$/.test(image)) return '';
  const match = reference.exec(image);
  if (match === null) return '';
  return match[1] ?? (match[2] === undefined ? 'latest' : '');
}

export function defaultPullPolicy(image: string | undefined): string {
  return imageTag(image ?? '') === 'latest' ? 'Always' : 'IfNotPresent';
}
