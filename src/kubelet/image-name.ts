/** What an image is asked for by. Source: distribution/reference, applyDefaultImageTag of kubelet/images. */

const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const domain = '(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?';
const reference = new RegExp(
  `^(?:${domain}/)?${component}(?:/${component})*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`,
);

/** No registry takes longer ones, and the pattern should not be fed a novel. */
const charactersMax = 1024;

export type ImageName = { readonly name: string } | { readonly problem: string };

/** With the tag `latest` when it has neither tag nor digest; or why it is no name of an image. */
export function imageName(image: string): ImageName {
  const match = image.length > charactersMax ? null : reference.exec(image);
  if (match === null) {
    const format = 'invalid reference format';
    const lower = image.slice(0, charactersMax).toLowerCase();
    const why =
      image.length <= charactersMax && lower !== image && reference.test(lower)
        ? `${format}: repository name (${image.includes('/') ? image : `library/${image}`}) must be lowercase`
        : format;
    return { problem: `couldn't parse image name "${image}": ${why}` };
  }
  return { name: match[1] === undefined && match[2] === undefined ? `${image}:latest` : image };
}
