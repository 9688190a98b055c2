/** What both desks do with an answer: send it, walk back to an earlier one, correct that. */
import { History } from "./history.js";

export class Answers {
  #desk;
  #history;
  #page;

  /**
   * The page gives `path`, where answers are sent; `hang(trial, given)`, which puts a trial before the person with what was
   * given to it; `trial()` and `given()`, what is before them now; `missing()`, what they still have to do, in words, or
   * ""; `isSame(given, other)`; `body(trial, given)`, what is sent, and `change(trial, given)`, what of it can be corrected.
   */
  constructor(desk, page) {
    this.#desk = desk;
    this.#page = page;
    this.#history = new History(desk, page.hang);
  }

  get isBack() {
    return this.#history.isBack;
  }

  /** What the person should do next, in words. */
  get words() {
    return this.isBack ? this.#history.words : this.#page.missing() || "Submit when you are sure.";
  }

  submit() {
    const missing = this.#page.missing();
    if (missing) this.#desk.insist(missing);
    else if (this.isBack) this.#correct();
    else this.#answer();
  }

  previous() {
    this.#walk(() => this.#history.back(this.#page.trial(), this.#page.given()));
  }

  next() {
    if (this.isBack) this.#walk(() => this.#history.ahead());
  }

  /** To where one was before one walked back. */
  leave() {
    if (this.isBack) this.#walk(() => this.#history.forth());
  }

  #answer() {
    performance.mark("atelier:answered");
    const trial = this.#page.trial();
    const given = this.#page.given();
    trial.leave();
    const key = this.#desk.answer(this.#page.path, this.#page.body(trial, given));
    this.#history.remember(trial, { ...given, key });
  }

  #correct() {
    const before = this.#history.answer;
    const given = this.#page.given();
    if (!this.#page.isSame(given, before)) {
      const change = this.#page.change(this.#page.trial(), given);
      const key = this.#desk.correct(`${this.#page.path}${before.key}/correct/`, change);
      this.#history.corrected({ ...given, key });
      this.#desk.notice("Corrected.");
    }
    this.#history.forth();
  }

  /** One step through the earlier answers. What was changed there without submitting is not an answer: it says so. */
  #walk(step) {
    const isDropped = this.isBack && !this.#page.isSame(this.#page.given(), this.#history.answer);
    this.#desk.notice(isDropped ? "You did not submit that change, so the answer stands as it was." : "");
    step();
  }
}
