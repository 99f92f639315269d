/**
 * Whose turn it is where there is no room for all. A function that is asked for more than there is room for never has an
 * idle instance, so that nobody else would get one: a call that has waited for its turn has places given back by those who hold
 * more than its function, each after its calls, and until its function has one nobody else starts.
 */

/** A function that has instances or waits for one. */
export interface TurnTaker {
  readonly revision: { readonly memoryMb: number };
  /** MB of its instances that are there to stay. */
  readonly heldMb: number;
  /** Calls wait that no coming instance will take. */
  readonly isWaiting: boolean;
  /** Lets the least busy of its instances end after its calls; false where none can go. */
  giveOne(): boolean;
}

export class Turns {
  readonly #waiting = new Set<TurnTaker>();
  readonly #owed = new Set<TurnTaker>();
  readonly #onSettled: () => void;

  /** @param onSettled a turn is over in vain: what became free meanwhile is for all again */
  constructor(onSettled: () => void) {
    this.#onSettled = onSettled;
  }

  /** Whether calls of any function wait that no coming instance will take. */
  get someoneWaits(): boolean {
    return this.#waiting.size > 0;
  }

  /** Whether its calls wait may have changed. Who waits no more, however that came, is owed nothing. */
  note(taker: TurnTaker): void {
    if (taker.isWaiting) {
      this.#waiting.add(taker);
      return;
    }
    this.#waiting.delete(taker);
    // Later: whoever notes this may be about to give a call to an instance that is idle until then.
    if (this.#owed.delete(taker)) queueMicrotask(this.#onSettled);
  }

  /**
   * Its call has waited for a turn; called again for each further one.
   *
   * @param missingMb what must become free for one instance of it, 0: nothing
   * @param all who may have to give
   */
  claim(taker: TurnTaker, missingMb: number, all: Iterable<TurnTaker>): void {
    if (this.#owed.has(taker)) return;
    const others = [...all].filter((one) => one !== taker);
    for (let freedMb = 0; freedMb < missingMb;) {
      const giver = others
        .filter((one) => holdsMore(one, taker))
        .sort((a, b) => b.heldMb - a.heldMb)
        .find((one) => one.giveOne());
      if (!giver) return;
      this.#owed.add(taker);
      freedMb += giver.revision.memoryMb;
    }
  }

  /** Whether it is nobody else's turn. */
  mayStart(taker: TurnTaker): boolean {
    return this.#owed.size === 0 || this.#owed.has(taker);
  }

  /** It has an instance more. */
  took(taker: TurnTaker): void {
    this.#owed.delete(taker);
  }
}

/** Whether `one` would still hold no less than `taker` had it given one; who has nothing is given one by anybody. */
function holdsMore(one: TurnTaker, taker: TurnTaker): boolean {
  if (taker.heldMb === 0) return one.heldMb > 0;
  return one.heldMb - one.revision.memoryMb >= taker.heldMb + taker.revision.memoryMb;
}
