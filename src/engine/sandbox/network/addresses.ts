/** Hands out the instances' addresses in turn, so that one is not given again while the kernel remembers its last use. */
import { toText } from './link-net.ts';

/** 100.126.0.2; the first is the gateway's. */
const FIRST = 0x64_7e_00_02;
/** Up to 100.126.255.254. */
const COUNT = 65_533;

export class Addresses {
  readonly #taken = new Set<string>();
  readonly #count: number;
  #next = 0;

  constructor(count = COUNT) {
    this.#count = count;
  }

  /** @throws Error when all are taken */
  take(): string {
    for (let tried = 0; tried < this.#count; tried += 1) {
      const address = toText(FIRST + this.#next);
      this.#next = (this.#next + 1) % this.#count;
      if (this.#taken.has(address)) continue;
      this.#taken.add(address);
      return address;
    }
    throw new Error(`all ${this.#count} addresses of instances are taken`);
  }

  free(address: string): void {
    this.#taken.delete(address);
  }
}
