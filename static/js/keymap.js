/** Which key means what at a desk: the defaults, what this rater changed, and whether keys work at all. Kept here. */

const CAPS = {
  " ": "Space",
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  PageUp: "Page ↑",
  PageDown: "Page ↓",
  Escape: "Esc",
};

/** A key as an event names it: one letter in lower case, and "Shift+" before keys that have names. */
export function keyOf({ key, shiftKey }) {
  if (key.length === 1) return key.toLowerCase();
  return shiftKey ? `Shift+${key}` : key;
}

/** A key as a keyboard shows it. */
export function capOf(key) {
  if (key.startsWith("Shift+")) return `Shift ${capOf(key.slice("Shift+".length))}`;
  return CAPS[key] ?? (key.length === 1 ? key.toUpperCase() : key);
}

export class Keymap extends EventTarget {
  #name;
  #defaults;
  #own = {};
  #isOn = true;

  /** `defaults`: action to keys. `owner` is who is logged in: on a shared computer each has their own. */
  constructor({ desk, owner, defaults }) {
    super();
    this.#name = `atelier.keys.${owner}.${desk}`;
    this.#defaults = defaults;
    this.#recall();
  }

  get isOn() {
    return this.#isOn;
  }

  set isOn(on) {
    this.#isOn = on;
    this.#changed();
  }

  get isChanged() {
    return Object.keys(this.#own).length > 0;
  }

  keysOf(action) {
    return this.#own[action] ?? this.#defaults[action] ?? [];
  }

  defaultsOf(action) {
    return this.#defaults[action];
  }

  /** What a key means, or "". */
  actionOf(key) {
    return Object.keys(this.#defaults).find((action) => this.keysOf(action).includes(key)) ?? "";
  }

  /** Gives an action these keys. Returns the other action that has one of them already (then nothing changes), or "". */
  rebind(action, keys) {
    const taken = keys.map((key) => this.actionOf(key)).find((other) => other && other !== action);
    if (taken) return taken;
    this.#own[action] = keys;
    if (String(keys) === String(this.#defaults[action])) delete this.#own[action];
    this.#changed();
    return "";
  }

  reset() {
    this.#own = {};
    this.#isOn = true;
    this.#changed();
  }

  #changed() {
    try {
      localStorage.setItem(this.#name, JSON.stringify({ own: this.#own, isOn: this.#isOn }));
    } catch {
      // a browser that keeps nothing: the choice lasts as long as the page
    }
    this.dispatchEvent(new Event("change"));
  }

  #recall() {
    let kept = null;
    try {
      kept = JSON.parse(localStorage.getItem(this.#name));
    } catch {
      return; // nothing readable: the defaults
    }
    if (kept === null || typeof kept !== "object") return;
    this.#isOn = kept.isOn !== false;
    const known = Object.entries(kept.own ?? {}).filter(([action, keys]) => this.#defaults[action] && Array.isArray(keys));
    this.#own = Object.fromEntries(known);
  }
}
