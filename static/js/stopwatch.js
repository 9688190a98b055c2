/** Time that a person really had something before them: hidden tabs do not count. Milliseconds. */

const SIGNS = ["pointerdown", "pointermove", "wheel", "keydown"];
const STILL_THERE_MS = 30_000; // people sit still while they listen and look

export class Stopwatch {
  #shown = 0;
  #hidden = 0;
  #since = null;
  #hiddenSince = null;
  #idle = 0;
  #lastSign = 0;

  start() {
    this.#lastSign = performance.now();
    for (const sign of SIGNS) document.addEventListener(sign, this.#sign, { capture: true, passive: true });
    if (document.hidden) this.#hiddenSince ??= performance.now();
    else this.#since ??= performance.now();
    document.addEventListener("visibilitychange", this.#turn);
  }

  stop() {
    this.#sign();
    for (const sign of SIGNS) document.removeEventListener(sign, this.#sign, { capture: true });
    document.removeEventListener("visibilitychange", this.#turn);
    this.#shown = this.active;
    this.#hidden = this.hidden;
    this.#since = null;
    this.#hiddenSince = null;
  }

  get active() {
    return Math.round(this.#shown + (this.#since === null ? 0 : performance.now() - this.#since));
  }

  get hidden() {
    return Math.round(this.#hidden + (this.#hiddenSince === null ? 0 : performance.now() - this.#hiddenSince));
  }

  /** Of the active time, what went by with no sign of a person for longer than listening explains. */
  get idle() {
    return Math.round(this.#idle + this.#still);
  }

  get #still() {
    return this.#since === null ? 0 : Math.max(0, performance.now() - this.#lastSign - STILL_THERE_MS);
  }

  #sign = () => {
    this.#idle += this.#still;
    this.#lastSign = performance.now();
  };

  #turn = () => {
    this.#sign();
    this.#shown = this.active;
    this.#hidden = this.hidden;
    this.#since = document.hidden ? null : performance.now();
    this.#hiddenSince = document.hidden ? performance.now() : null;
  };
}
