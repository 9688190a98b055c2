/**
 * A visual analogue scale from 0 to 1 between two words. It has no mark until the first click, touch or key, because a
 * visible start attracts answers; no ticks and no numbers, because both do.
 */

export const STEP = 0.01;
export const LEAP = 0.1;

const WORDS = [
  [0.02, "does not fit at all"],
  [0.15, "fits very badly"],
  [0.3, "fits badly"],
  [0.45, "fits rather badly"],
  [0.55, "in the middle"],
  [0.7, "fits rather well"],
  [0.85, "fits well"],
  [0.98, "fits very well"],
  [1, "fits completely"],
];

export function inWords(value) {
  const [, words] = WORDS.find(([limit]) => value <= limit) ?? WORDS.at(-1);
  return `${words}, ${Math.round(value * 100)} of 100`;
}

/** Event `change` whenever the value does. `value` is null until the first answer. */
export class Scale extends EventTarget {
  #element;
  #line;
  #mark;
  #value = null;
  #method = "";
  #moves = 0;
  #dragging = false;
  isFixed = false; // whether the mark stays where it is

  constructor(element) {
    super();
    this.#element = element;
    this.#line = element.querySelector("[data-part=line]");
    this.#mark = element.querySelector("[data-part=mark]");
    element.addEventListener("pointerdown", this.#press);
    element.addEventListener("pointermove", this.#drag);
    element.addEventListener("pointerup", this.#release);
    element.addEventListener("pointercancel", this.#release);
    this.reset();
  }

  get value() {
    return this.#value;
  }

  /** mouse, touch, pen or keyboard: whichever placed the mark last. */
  get method() {
    return this.#method;
  }

  get moves() {
    return this.#moves;
  }

  get widthPx() {
    return Math.round(this.#line.getBoundingClientRect().width);
  }

  /** Back to "no answer", or to an answer given before. */
  reset({ value = null, method = "", moves = 0 } = {}) {
    this.#method = method;
    this.#moves = moves;
    this.#show(value);
  }

  /** Moves by a step. With no mark yet, the first key puts it in the middle and moves from there. */
  nudge(by) {
    this.#place((this.#value ?? 0.5) + by, "keyboard");
  }

  jump(to) {
    this.#place(to, "keyboard");
  }

  /** Shows a reference beside the mark, or takes it away (null). */
  compare(reference) {
    this.#line.querySelector("[data-part=reference]")?.remove();
    if (reference === null) return;
    const ring = document.createElement("span");
    ring.className = "scale-reference";
    ring.dataset.part = "reference";
    ring.style.setProperty("inset-inline-start", `${reference * 100}%`);
    this.#line.append(ring);
  }

  focus() {
    this.#element.focus({ preventScroll: true, focusVisible: false });
  }

  #press = (event) => {
    if (event.button !== 0 || this.isFixed) return;
    this.#dragging = true;
    this.#element.setPointerCapture(event.pointerId);
    this.#follow(event);
  };

  #drag = (event) => {
    if (this.#dragging) this.#follow(event);
  };

  #release = () => {
    this.#dragging = false;
  };

  #follow(event) {
    const { left, width } = this.#line.getBoundingClientRect();
    this.#place((event.clientX - left) / width, event.pointerType || "mouse");
  }

  #place(value, method) {
    this.#method = method;
    this.#moves += 1;
    this.#show(Math.round(Math.min(1, Math.max(0, value)) * 10_000) / 10_000);
    this.dispatchEvent(new Event("change"));
  }

  #show(value) {
    this.#value = value;
    this.#mark.hidden = value === null;
    this.#mark.style.setProperty("inset-inline-start", `${(value ?? 0.5) * 100}%`);
    this.#element.setAttribute("aria-valuenow", String(Math.round((value ?? 0.5) * 100)));
    this.#element.setAttribute("aria-valuetext", value === null ? "no answer yet" : inWords(value));
  }
}
