/**
 * The paintings of a comparison on their wall: one alone, two side by side or one above the other, whichever shows them
 * larger; or one at a time, where two would be too small, or where a person wants it. Each is zoomed by itself by hand, and
 * all that are in view in step by keys.
 */
import { SIDES, otherSide } from "./comparison.js";
import { Painting } from "./painting.js";

const PLACES = ["query", ...SIDES];
const GAP_PX = 24;
const CAPTION_PX = 44;
const LEAST_PX2 = 60_000; // smaller than about 245 by 245, a painting hangs alone
const WORTH = 1.25; // so much more area makes it worth hanging them one above the other
const IN_VIEW = 0.6;

/** How much of a wall of this size a painting of this ratio would cover. */
function covers(ratio, width, height) {
  const fits = Math.max(0, Math.min(width, height * ratio));
  return (fits * fits) / ratio;
}

/** "row" or "column" for two paintings, by their ratios of width to height; "one" where the smaller covered too little. */
export function layoutFor(ratios, { width, height }, least = LEAST_PX2) {
  const smaller = (w, h) => Math.min(...ratios.map((ratio) => covers(ratio, w, h)));
  const row = smaller((width - GAP_PX) / 2, height - CAPTION_PX);
  const column = smaller(width - CAPTION_PX, (height - GAP_PX) / 2);
  if (Math.max(row, column) < least) return "one";
  return column > WORTH * row ? "column" : "row";
}

/** Events: `change` (zoom, layout), `choose` {side} (a painting was tapped). */
export class Gallery extends EventTarget {
  #root;
  #wall;
  #bar;
  #frames = {};
  #paintings = {};
  #inView = new Set();
  #trial = null;
  #alone = null; // whether the person wants one at a time; null: whatever shows more
  #shown = "left";

  constructor(root) {
    super();
    this.#root = root;
    this.#wall = root.querySelector("[data-part=wall]");
    this.#bar = root.querySelector("[data-part=turn]");
    for (const place of PLACES) this.#hang(place);
    const observer = new IntersectionObserver((entries) => this.#looked(entries), { threshold: IN_VIEW });
    for (const frame of Object.values(this.#frames)) observer.observe(frame);
    for (const button of this.#bar.querySelectorAll("[data-show]")) {
      button.addEventListener("click", () => this.turnTo(button.dataset.show));
    }
    new ResizeObserver(() => this.#arrange()).observe(this.#wall);
  }

  get isZoomed() {
    return Object.values(this.#paintings).some((painting) => painting.isZoomed);
  }

  /** Whether two paintings hang, of which one is shown at a time. */
  get isOneAtATime() {
    return this.#root.dataset.layout === "one";
  }

  get hasTwo() {
    return Boolean(this.#trial?.media.left.image);
  }

  /** Hangs a trial's paintings, or takes all away. */
  show(trial) {
    this.#trial = trial;
    this.#shown = "left";
    for (const place of PLACES) {
      const image = trial?.media[place].image ?? null;
      this.#paintings[place].show(image);
      if (image) image.alt = place === "query" ? "The painting" : `Painting ${SIDES.indexOf(place) + 1}`;
    }
    this.#arrange();
    for (const place of this.#inView) trial?.looks.see(place, true);
  }

  /** Of two that are shown one at a time, this one. */
  turnTo(side) {
    if (!this.hasTwo) return;
    this.#shown = side;
    this.#arrange();
  }

  turn() {
    this.turnTo(otherSide(this.#shown));
  }

  /** One at a time, or both, whatever the size. */
  toggleAlone() {
    if (!this.hasTwo) return;
    const wanted = !this.isOneAtATime;
    this.#alone = null;
    if (wanted !== (this.#layout() === "one")) this.#alone = wanted; // else it follows the size again
    this.#arrange();
  }

  fit() {
    for (const painting of Object.values(this.#paintings)) painting.fit();
  }

  nearer() {
    this.#each((painting) => painting.nearer());
  }

  further() {
    this.#each((painting) => painting.further());
  }

  pan(right, down) {
    this.#each((painting) => painting.pan(right, down));
  }

  #each(act) {
    for (const place of PLACES) if (!this.#frames[place].hidden) act(this.#paintings[place]);
  }

  #hang(place) {
    const frame = this.#root.querySelector(`[data-frame=${place}]`);
    const painting = new Painting(frame.querySelector("[data-part=hook]"));
    this.#frames[place] = frame;
    this.#paintings[place] = painting;
    painting.addEventListener("change", () => this.#tell("change"));
    if (place === "query") return;
    painting.addEventListener("tap", () => this.#tell("choose", { side: place }));
    painting.addEventListener("swipe", ({ detail }) => {
      if (this.isOneAtATime) this.turnTo(detail.to < 0 ? "right" : "left");
    });
  }

  #looked(entries) {
    for (const { target, isIntersecting, intersectionRatio } of entries) {
      const place = target.dataset.frame;
      const isInView = isIntersecting && intersectionRatio >= IN_VIEW;
      if (isInView) this.#inView.add(place);
      else this.#inView.delete(place);
      this.#trial?.looks.see(place, isInView);
    }
  }

  /** Lays the wall out for what hangs there and for its size. */
  #arrange() {
    const layout = this.#layout();
    this.#root.dataset.layout = layout;
    if (this.#trial) this.#trial.layout = layout;
    for (const place of PLACES) {
      const hangs = Boolean(this.#trial?.media[place].image);
      this.#frames[place].hidden = !hangs || (layout === "one" && place !== this.#shown);
    }
    this.#bar.hidden = layout !== "one";
    for (const button of this.#bar.querySelectorAll("[data-show]")) {
      button.setAttribute("aria-pressed", String(button.dataset.show === this.#shown));
    }
    this.#tell("change");
  }

  #layout() {
    if (!this.hasTwo) return "single";
    if (this.#alone) return "one";
    const { paddingInlineStart, paddingBlockStart } = getComputedStyle(this.#wall);
    const size = {
      width: this.#wall.clientWidth - 2 * parseFloat(paddingInlineStart),
      height: this.#wall.clientHeight - 2 * parseFloat(paddingBlockStart),
    };
    const ratios = SIDES.map((side) => this.#trial.media[side].image).map(({ naturalWidth, naturalHeight }) => naturalWidth / naturalHeight);
    return layoutFor(ratios, size, this.#alone === null ? LEAST_PX2 : 0);
  }

  #tell(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
