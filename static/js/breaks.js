/** A gentle word after so many minutes of work, between two tasks. A pause of a few minutes starts the count anew. */

const MINUTE_MS = 60_000;
const STILL_AT_WORK_MS = MINUTE_MS; // people listen and look without touching anything
const RESTED_MS = 5 * MINUTE_MS;
const KEPT = "atelier.at-work";

export class Breaks {
  #line;
  #minutes;
  #worked = 0;
  #lastSign;

  /** `line` holds the words and a button to dismiss them; `minutes()` how long to work between two, 0 for never. */
  constructor(line, minutes) {
    this.#line = line;
    this.#minutes = minutes;
    this.#recall();
    for (const sign of ["pointerdown", "keydown"]) {
      document.addEventListener(sign, () => this.#seen(), { capture: true, passive: true });
    }
    line.querySelector("button").addEventListener("click", () => this.#dismiss());
  }

  /** Between two tasks: says it when it is due. */
  remind() {
    this.#seen();
    const minutes = this.#minutes();
    if (!minutes || this.#worked < minutes * MINUTE_MS || !this.#line.hidden) return;
    const worked = Math.round(this.#worked / MINUTE_MS);
    const spoken = worked > 1 ? `${worked} minutes` : "a while";
    this.#line.querySelector("[data-part=break-words]").textContent =
      `You have been judging for ${spoken}.`;
    this.#line.hidden = false;
  }

  #dismiss() {
    this.#line.hidden = true;
    this.#worked = 0;
    this.#keep();
  }

  #seen() {
    const away = Date.now() - this.#lastSign;
    this.#lastSign = Date.now();
    if (away < RESTED_MS) this.#worked += Math.min(away, STILL_AT_WORK_MS);
    else {
      this.#worked = 0;
      this.#line.hidden = true;
    }
    this.#keep();
  }

  #recall() {
    this.#lastSign = Date.now();
    try {
      const { worked, at } = JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
      if (Number.isFinite(worked) && Date.now() - at < RESTED_MS) this.#worked = worked;
    } catch {
      this.#worked = 0;
    }
  }

  #keep() {
    try {
      sessionStorage.setItem(KEPT, JSON.stringify({ worked: this.#worked, at: this.#lastSign }));
    } catch {
      // then it counts from each page's opening
    }
  }
}
