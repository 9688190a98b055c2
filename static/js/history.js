/** The way back through the latest answers, to correct one, and forth again to where one was. */

const REACH = 10; // as many as the site lets a person correct

export class History {
  #desk;
  #hang;
  #past = []; // {trial, answer, order}, oldest first
  #order = 0;
  #at = -1;
  #parked = null;

  /** `hang(trial, answer)` puts a trial before the person again, with the answer that it had. */
  constructor(desk, hang) {
    this.#desk = desk;
    this.#hang = hang;
  }

  get isBack() {
    return this.#parked !== null;
  }

  /** Which answer is shown, as a sentence. */
  get words() {
    const steps = this.#past.length - this.#at;
    return steps === 1 ? "You are correcting your last answer." : `You are correcting an answer ${steps} back.`;
  }

  /** The earlier answer that is shown, or null. */
  get answer() {
    return this.#past[this.#at]?.answer ?? null;
  }

  remember(trial, answer) {
    this.#past.push({ trial, answer, order: (this.#order += 1) });
    if (this.#past.length <= REACH) return;
    const oldest = this.#past.reduce((first, entry) => (entry.order < first.order ? entry : first));
    this.#past.splice(this.#past.indexOf(oldest), 1);
  }

  /** The answer that is shown was corrected: for the site it is the newest now, so it stays in reach longest. */
  corrected(answer) {
    Object.assign(this.#past[this.#at], { answer, order: (this.#order += 1) });
  }

  /** One answer further back. `trial` and `answer` are what is before the person now. */
  back(trial, answer) {
    if (this.isBack) this.#stepBack();
    else if (trial === null && this.#desk.isBringing) this.#desk.notice("Wait a moment, the next one is on its way.");
    else if (this.#past.length === 0) this.#desk.notice("There is no earlier answer since you opened this page.");
    else this.#leave(trial, answer);
  }

  /** One answer nearer, or to where one was. */
  ahead() {
    if (!this.isBack) return;
    if (this.#at + 1 === this.#past.length) this.forth();
    else this.#go(this.#at + 1);
  }

  /** To where one was. */
  forth() {
    const { trial, answer, sounded } = this.#parked;
    this.#parked = null;
    this.#at = -1;
    if (trial) this.#hang(trial, answer);
    else this.#desk.next();
    sounded?.play();
  }

  #leave(trial, answer) {
    this.#parked = { trial, answer, sounded: trial?.playing };
    this.#desk.notice("");
    this.#go(this.#past.length - 1);
  }

  #stepBack() {
    if (this.#at > 0) this.#go(this.#at - 1);
    else this.#desk.notice(`This is the earliest one that you can still correct: it goes back ${REACH} answers at most.`);
  }

  #go(at) {
    this.#at = at;
    this.#hang(this.#past[at].trial, this.#past[at].answer);
  }
}
