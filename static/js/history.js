/** The way back to the last answer, to correct it, and forth again to where one was. */

export class History {
  #desk;
  #hang;
  #last = null;
  #parked = null;

  /** `hang(trial, answer)` puts a trial before the person again, with the answer that it had. */
  constructor(desk, hang) {
    this.#desk = desk;
    this.#hang = hang;
  }

  get isBack() {
    return this.#parked !== null;
  }

  /** The last answer that was given, or null. */
  get answer() {
    return this.#last?.answer ?? null;
  }

  remember(trial, answer) {
    this.#last = { trial, answer };
  }

  /** Back to the last answer, or forth again. `trial` and `answer` are what is before the person now. */
  toggle(trial, answer) {
    if (this.isBack) this.forth();
    else if (trial === null && this.#desk.isBringing) this.#desk.notice("Wait a moment, the next one is on its way.");
    else if (this.#last === null) this.#desk.notice("There is no earlier answer since you opened this page.");
    else this.#back(trial, answer);
  }

  forth() {
    const { trial, answer, sounded } = this.#parked;
    this.#parked = null;
    if (trial) this.#hang(trial, answer);
    else this.#desk.next();
    sounded?.play();
  }

  #back(trial, answer) {
    this.#parked = { trial, answer, sounded: trial?.playing };
    this.#desk.notice("");
    this.#hang(this.#last.trial, this.#last.answer);
  }
}
