/** Time that a person really had something before them: hidden tabs do not count. Milliseconds. */
export class Stopwatch {
  #shown = 0;
  #hidden = 0;
  #since = null;
  #hiddenSince = null;

  start() {
    if (document.hidden) this.#hiddenSince ??= performance.now();
    else this.#since ??= performance.now();
    document.addEventListener("visibilitychange", this.#turn);
  }

  stop() {
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

  #turn = () => {
    this.#shown = this.active;
    this.#hidden = this.hidden;
    this.#since = document.hidden ? null : performance.now();
    this.#hiddenSince = document.hidden ? performance.now() : null;
  };
}
