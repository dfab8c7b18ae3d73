/**
 * A set of addresses that finds gaps: a full block of it is stepped over at once, and a range of any size (a /64 has
 * 2^64 addresses) costs only what is in the set.
 */

const blockBits = 10n;
const blockSize = 1 << Number(blockBits);
const offsetMask = BigInt(blockSize - 1);

interface Block {
  /** One bit per address. */
  readonly bits: Uint32Array;
  count: number;
}

export class AddressSet {
  readonly #blocks = new Map<bigint, Block>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(address: bigint): boolean {
    const block = this.#blocks.get(address >> blockBits);
    if (block === undefined) return false;
    const offset = Number(address & offsetMask);
    return ((block.bits[offset >> 5] as number) & (1 << (offset & 31))) !== 0;
  }

  add(address: bigint): void {
    if (this.has(address)) return;
    const number = address >> blockBits;
    let block = this.#blocks.get(number);
    if (block === undefined) {
      block = { bits: new Uint32Array(blockSize >> 5), count: 0 };
      this.#blocks.set(number, block);
    }
    const offset = Number(address & offsetMask);
    block.bits[offset >> 5] = (block.bits[offset >> 5] as number) | (1 << (offset & 31));
    block.count++;
    this.#size++;
  }

  delete(address: bigint): void {
    if (!this.has(address)) return;
    const number = address >> blockBits;
    const block = this.#blocks.get(number) as Block;
    const offset = Number(address & offsetMask);
    block.bits[offset >> 5] = (block.bits[offset >> 5] as number) & ~(1 << (offset & 31));
    block.count--;
    this.#size--;
    if (block.count === 0) this.#blocks.delete(number);
  }

  /** The least address in [from, to] that is not in the set and that `accept` takes. */
  nextFree(from: bigint, to: bigint, accept: (address: bigint) => boolean = () => true): bigint | undefined {
    let address = from;
    while (address <= to) {
      const number = address >> blockBits;
      if (this.#blocks.get(number)?.count === blockSize) {
        address = (number + 1n) << blockBits;
        continue;
      }
      if (!this.has(address) && accept(address)) return address;
      address++;
    }
    return undefined;
  }
}
