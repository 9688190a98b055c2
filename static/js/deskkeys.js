/** Keys that both desks have: to hear and to see by. Each page adds its own. */

const SEEK_S = 2;

export const HEARING_KEYS = { play: [" "], replay: ["r"], loop: ["l"], rewind: [","], forward: ["."] };

export const SEEING_KEYS = {
  further: ["-"],
  nearer: ["+", "="],
  fit: ["w"],
  "pan-left": ["Shift+ArrowLeft"],
  "pan-right": ["Shift+ArrowRight"],
  "pan-up": ["Shift+ArrowUp"],
  "pan-down": ["Shift+ArrowDown"],
};

/** What those keys do: `toggle()`, `replay()`, `loop()` and `seekBy(seconds)` are the page's. */
export function hearing({ toggle, replay, loop, seekBy }) {
  return {
    play: toggle,
    replay,
    loop,
    rewind: { run: () => seekBy(-SEEK_S), repeats: true },
    forward: { run: () => seekBy(SEEK_S), repeats: true },
  };
}

/** The same for `view`, which is a painting or several. */
export function seeing(view) {
  const pan = (right, down) => ({ run: () => view.pan(right, down), repeats: true });
  return {
    further: { run: () => view.further(), repeats: true },
    nearer: { run: () => view.nearer(), repeats: true },
    fit: () => view.fit(),
    "pan-left": pan(-1, 0),
    "pan-right": pan(1, 0),
    "pan-up": pan(0, -1),
    "pan-down": pan(0, 1),
  };
}
