/**
 * The painting on its wall: as large as fits, and nearer by wheel, fingers, mouse or keys. Without a zoom it carries no
 * transform at all, and a moved one rests on whole device pixels, so that it is never blurred by how it lies.
 */

const STEP = 1.25;
const NEARER = 2.5; // a double tap
const FURTHEST = 8;
const PIXELS = 2; // device pixels that one of the picture's may at most cover, once it is past twice its fitting size
const TAP_MS = 350;
const TAP_PX = 24;
const STILL_PX = 4;
const SWIPE_PX = 48;
const WHEEL = 0.002;
const PINCHED_WHEEL = 0.01; // a trackpad's pinch comes as a wheel with Ctrl

export class Painting extends EventTarget {
  #wall;
  #image = null;
  #scale = 1;
  #x = 0;
  #y = 0;
  #fingers = new Map();
  #moved = 0;
  #tapped = null;
  #from = null; // where the only finger came down; null once there are two
  #waiting = 0; // for a second tap

  /**
   * Events: `change` when it begins or ceases to be zoomed, `tap` for a press that is neither a drag nor half of a double
   * tap, and `swipe` {to: -1 or 1} when a finger wipes the whole painting to the left or to the right.
   */
  constructor(wall) {
    super();
    this.#wall = wall;
    wall.addEventListener("wheel", this.#wheel, { passive: false });
    wall.addEventListener("pointerdown", this.#down);
    wall.addEventListener("pointermove", this.#move);
    for (const name of ["pointerup", "pointercancel"]) wall.addEventListener(name, this.#up);
    wall.addEventListener("mousedown", (event) => event.preventDefault()); // a drag leaves the keyboard with the scale
    wall.addEventListener("keydown", this.#key);
    new ResizeObserver(() => this.#place()).observe(wall);
  }

  get isZoomed() {
    return this.#scale > 1;
  }

  /** Hangs an image, or takes the one that hangs away. */
  show(image) {
    clearTimeout(this.#waiting);
    this.#wall.replaceChildren(...(image ? [image] : []));
    this.#image = image;
    this.fit();
  }

  fit() {
    this.#glide();
    this.#zoomTo(1);
  }

  nearer() {
    this.#glide();
    this.#zoomTo(this.#scale * STEP);
  }

  further() {
    this.#glide();
    this.#zoomTo(this.#scale / STEP);
  }

  /** Moves what is seen by a share of the wall: `pan(1, 0)` shows more of the right. */
  pan(right, down) {
    if (!this.isZoomed) return;
    this.#glide();
    this.#x -= right * this.#wall.clientWidth * 0.15;
    this.#y -= down * this.#wall.clientHeight * 0.15;
    this.#place();
  }

  /** Where the whole picture would lie, in CSS pixels. */
  get #fitting() {
    const { clientWidth: width, clientHeight: height } = this.#image;
    const ratio = this.#image.naturalWidth / this.#image.naturalHeight || 1;
    return { width: Math.min(width, height * ratio), height: Math.min(height, width / ratio) };
  }

  get #limit() {
    const sharp = (PIXELS * this.#image.naturalWidth) / (this.#fitting.width * devicePixelRatio || 1);
    return Math.min(FURTHEST, Math.max(NEARER, sharp));
  }

  /** Zooms so that what lies at (x, y), measured from the wall's middle, stays there. */
  #zoomTo(scale, x = 0, y = 0) {
    if (!this.#image) return;
    const next = Math.min(this.#limit, Math.max(1, scale));
    this.#x = x - ((x - this.#x) * next) / this.#scale;
    this.#y = y - ((y - this.#y) * next) / this.#scale;
    this.#scale = next;
    this.#place();
  }

  #place() {
    const image = this.#image;
    if (!image) return;
    const wasZoomed = this.#wall.classList.contains("is-zoomed");
    if (this.isZoomed) {
      const { width, height } = this.#fitting;
      const spare = (drawn, wall) => Math.max(0, (drawn * this.#scale - wall) / 2);
      this.#x = within(this.#x, spare(width, this.#wall.clientWidth));
      this.#y = within(this.#y, spare(height, this.#wall.clientHeight));
      image.style.transform = `translate(${onPixel(this.#x)}px, ${onPixel(this.#y)}px) scale(${this.#scale})`;
    } else {
      this.#x = 0;
      this.#y = 0;
      image.style.removeProperty("transform");
    }
    this.#wall.classList.toggle("is-zoomed", this.isZoomed);
    if (wasZoomed !== this.isZoomed) this.dispatchEvent(new Event("change"));
  }

  /** The next move may glide (a style sheet decides); what follows a finger never does. */
  #glide(may = true) {
    this.#wall.classList.toggle("is-gliding", may);
  }

  #fromMiddle({ clientX, clientY }) {
    const { left, top, width, height } = this.#wall.getBoundingClientRect();
    return [clientX - left - width / 2, clientY - top - height / 2];
  }

  #wheel = (event) => {
    event.preventDefault();
    this.#glide(false);
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const power = -event.deltaY * lines * (event.ctrlKey ? PINCHED_WHEEL : WHEEL);
    this.#zoomTo(this.#scale * Math.exp(power), ...this.#fromMiddle(event));
  };

  #down = (event) => {
    if (event.button !== 0) return;
    const isFirst = this.#fingers.size === 0;
    if (isFirst) this.#moved = 0;
    this.#fingers.set(event.pointerId, this.#fromMiddle(event));
    this.#from = isFirst ? this.#fromMiddle(event) : null;
    this.#wall.setPointerCapture(event.pointerId);
    this.#glide(false);
  };

  #move = (event) => {
    const before = this.#fingers.get(event.pointerId);
    if (!before) return;
    const now = this.#fromMiddle(event);
    const other = [...this.#fingers].find(([id]) => id !== event.pointerId)?.[1];
    this.#fingers.set(event.pointerId, now);
    this.#moved += apart(before, now);
    const [from, to] = other ? [middle(before, other), middle(now, other)] : [before, now];
    this.#x += to[0] - from[0];
    this.#y += to[1] - from[1];
    if (other) this.#zoomTo((this.#scale * apart(now, other)) / (apart(before, other) || 1), ...to);
    else if (this.isZoomed) this.#place();
  };

  #up = (event) => {
    if (!this.#fingers.delete(event.pointerId) || event.type === "pointercancel") return;
    const at = this.#fromMiddle(event);
    if (this.#fingers.size > 0 || this.#moved > STILL_PX) {
      this.#tapped = null;
      if (event.pointerType === "touch") this.#wiped(at);
      return;
    }
    const last = this.#tapped;
    const isSecond = last && event.timeStamp - last.time <= TAP_MS && apart(last.at, at) <= TAP_PX;
    clearTimeout(this.#waiting);
    this.#tapped = isSecond ? null : { at, time: event.timeStamp };
    if (isSecond) {
      this.#glide();
      this.#zoomTo(this.isZoomed ? 1 : NEARER, ...at);
    } else {
      this.#waiting = setTimeout(() => this.dispatchEvent(new Event("tap")), TAP_MS);
    }
  };

  #wiped([x, y]) {
    if (!this.#from || this.isZoomed) return;
    const [across, down] = [x - this.#from[0], y - this.#from[1]];
    if (Math.abs(across) < SWIPE_PX || Math.abs(across) < 2 * Math.abs(down)) return;
    this.dispatchEvent(new CustomEvent("swipe", { detail: { to: Math.sign(across) } }));
  }

  /** While the painting has the focus, its arrows move it and 0 fits it; elsewhere they belong to the scale. */
  #key = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "+" || event.key === "=") this.nearer();
    else if (event.key === "-") this.further();
    else if (event.key === "0") this.fit();
    else if (way && this.isZoomed) this.pan(...way);
    else return;
    event.preventDefault();
  };
}

function within(value, limit) {
  return Math.min(limit, Math.max(-limit, value));
}

function onPixel(px) {
  const density = devicePixelRatio || 1;
  return Math.round(px * density) / density;
}

function apart([x1, y1], [x2, y2]) {
  return Math.hypot(x2 - x1, y2 - y1);
}

function middle([x1, y1], [x2, y2]) {
  return [(x1 + x2) / 2, (y1 + y2) / 2];
}
