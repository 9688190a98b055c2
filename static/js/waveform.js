/**
 * A clip's waveform: what was played is drawn full, the rest faint, a line where the sound is now. One colour: the text's.
 * A press goes to that second of the clip; with the focus on it, arrow keys do.
 */

const BAR = 2;
const GAP = 1;
const FAINT = 0.42;
const QUIETEST = 0.03;
const STEP_S = 1;
const LEAP_S = 5;
const UNHEARD = { ranges: [], duration: 0, position: 0, atEnd: false };

/** The loudest swing in each of `count` equal stretches of `peaks` (min, max, min, max, ... from -128 to 127), 0 to 1. */
export function heights(peaks, count) {
  const bins = peaks.length / 2;
  const swings = Array.from({ length: count }, (_, index) => {
    const first = Math.floor((index * bins) / count);
    const last = Math.max(first + 1, Math.floor(((index + 1) * bins) / count));
    let swing = 0;
    for (let bin = first; bin < last; bin += 1) swing = Math.max(swing, -peaks[2 * bin], peaks[2 * bin + 1]);
    return swing;
  });
  const top = Math.max(...swings, 1);
  return swings.map((swing) => Math.max(QUIETEST, swing / top));
}

export class Waveform {
  #canvas;
  #peaks = [];
  #player = null;
  #frame = 0;

  constructor(canvas) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.draw()).observe(canvas);
    canvas.addEventListener("pointerdown", this.#press);
    canvas.addEventListener("pointermove", (event) => canvas.hasPointerCapture(event.pointerId) && this.#seek(event));
    canvas.addEventListener("keydown", this.#key);
    document.addEventListener("atelier:theme", () => this.draw());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  show(peaks, player) {
    this.#player?.removeEventListener("change", this.#follow);
    this.#peaks = peaks;
    this.#player = player;
    player?.addEventListener("change", this.#follow);
    this.#canvas.setAttribute("aria-valuemax", String(Math.round(player?.duration ?? 0)));
    this.#follow();
  }

  #follow = () => {
    cancelAnimationFrame(this.#frame);
    this.draw();
    this.#tell();
    if (this.#player?.isPlaying) this.#frame = requestAnimationFrame(this.#follow);
  };

  #press = (event) => {
    if (event.button !== 0 || !this.#player) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#seek(event);
  };

  #seek({ clientX }) {
    const { left, width } = this.#canvas.getBoundingClientRect();
    this.#player?.seek(((clientX - left) / width) * this.#player.duration);
  }

  #key = (event) => {
    const player = this.#player;
    if (!player || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const { position, duration } = player;
    const to = {
      ArrowLeft: position - STEP_S,
      ArrowDown: position - STEP_S,
      ArrowRight: position + STEP_S,
      ArrowUp: position + STEP_S,
      PageDown: position - LEAP_S,
      PageUp: position + LEAP_S,
      Home: 0,
      End: duration,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    player.seek(to);
  };

  /** The position in words, once a second at most. */
  #tell() {
    const second = Math.floor(this.#player?.position ?? 0);
    const all = Math.round(this.#player?.duration ?? 0);
    const words = this.#player ? `second ${second} of ${all}` : "no music yet";
    if (this.#canvas.getAttribute("aria-valuetext") === words) return;
    this.#canvas.setAttribute("aria-valuenow", String(second));
    this.#canvas.setAttribute("aria-valuetext", words);
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const density = devicePixelRatio || 1;
    this.#canvas.width = Math.round(width * density);
    this.#canvas.height = Math.round(height * density);
    const pen = this.#canvas.getContext("2d");
    pen.scale(density, density);
    pen.clearRect(0, 0, width, height);
    if (this.#peaks.length === 0 || width === 0) return;
    pen.fillStyle = getComputedStyle(this.#canvas).color;
    const { ranges: played, duration, position, atEnd } = this.#player ?? UNHEARD;
    const secondsPerPx = duration / width;
    heights(this.#peaks, Math.floor(width / (BAR + GAP))).forEach((size, index) => {
      const x = index * (BAR + GAP);
      const second = (x + BAR / 2) * secondsPerPx;
      pen.globalAlpha = played.some(([from, to]) => second >= from && second <= to) ? 1 : FAINT;
      pen.fillRect(x, ((1 - size) * height) / 2, BAR, Math.max(1.5, size * height));
    });
    if (position > 0 && !atEnd) {
      pen.globalAlpha = 1;
      pen.fillRect(Math.min(position / secondsPerPx, width - 1.5), 0, 1.5, height);
    }
  }
}
