/** How long each painting of a trial was in view: on the screen, in a tab that is shown, while the trial was on. */

const NEEDED_MS = 1_000; // a look, not a glance: it costs nobody time while music plays

export class Looks extends EventTarget {
  #places;
  #inView = new Set();
  #isOn = false;
  #timer = 0;

  /** `places` are names. Event: `seen`, each time one of them was in view for long enough. */
  constructor(places) {
    super();
    this.#places = Object.fromEntries(places.map((place) => [place, { ms: 0, times: 0, since: null }]));
  }

  /** The places that were not in view for long enough yet. */
  get missing() {
    return Object.keys(this.#places).filter((place) => this.#ms(place) < NEEDED_MS);
  }

  start() {
    this.#isOn = true;
    document.addEventListener("visibilitychange", this.#turn);
    this.#turn();
  }

  stop() {
    this.#isOn = false;
    document.removeEventListener("visibilitychange", this.#turn);
    this.#turn();
  }

  /** A place came into view, or went out of it. */
  see(place, isInView) {
    if (isInView) this.#inView.add(place);
    else this.#inView.delete(place);
    this.#turn();
  }

  /** By place: milliseconds in view, and how often it came into view. */
  told() {
    const places = Object.entries(this.#places);
    return Object.fromEntries(places.map(([place, { times }]) => [place, { ms: Math.round(this.#ms(place)), times }]));
  }

  #ms(place) {
    const { ms, since } = this.#places[place];
    return ms + (since === null ? 0 : performance.now() - since);
  }

  #turn = () => {
    for (const [place, look] of Object.entries(this.#places)) {
      const counts = this.#isOn && !document.hidden && this.#inView.has(place);
      if (counts === (look.since !== null)) continue;
      look.ms = this.#ms(place);
      look.since = counts ? performance.now() : null;
      look.times += Number(counts);
    }
    this.#await();
  };

  /** Tells whenever a look that was missing has become long enough. */
  #await() {
    clearTimeout(this.#timer);
    const coming = this.missing.filter((place) => this.#places[place].since !== null);
    if (coming.length === 0) return;
    const left = Math.min(...coming.map((place) => NEEDED_MS - this.#ms(place)));
    this.#timer = setTimeout(() => {
      if (coming.some((place) => this.#ms(place) >= NEEDED_MS)) this.dispatchEvent(new Event("seen"));
      this.#await();
    }, left);
  }
}
