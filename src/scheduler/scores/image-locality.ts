/**
 * Prefers nodes that have the images; one that few nodes have counts less, so that not all pods crowd there.
 * Source: plugins/imagelocality.
 */
import { normalizedImageName } from '../image-name.ts';
import { type Score, scoreMax } from '../plugin.ts';

const megabyte = 1024 * 1024;
const leastBytes = 23 * megabyte;
const mostBytesPerContainer = 1000 * megabyte;

export const imageLocality: Score = {
  name: 'ImageLocality',
  prepare({ pod }, _nodes, { snapshot }) {
    const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
    const shares = containers.flatMap(({ image = '' }) => {
      const name = normalizedImageName(image);
      const nodes = snapshot.imageNodes.get(name);
      return nodes === undefined ? [] : [{ name, share: nodes / snapshot.nodes.length }];
    });
    if (shares.length === 0) return undefined;
    const mostBytes = mostBytesPerContainer * containers.length;
    return {
      score({ images }) {
        let sum = 0;
        for (const { name, share } of shares) sum += Math.trunc((images.get(name) ?? 0) * share);
        const bounded = Math.min(mostBytes, Math.max(leastBytes, sum));
        return Math.trunc((scoreMax * (bounded - leastBytes)) / (mostBytes - leastBytes));
      },
    };
  },
};
