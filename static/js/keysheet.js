/** The sheet of keys: shows what each does, lets a person change it, and says what is in the way. */
import { capOf, keyOf } from "./keymap.js";

const MODIFIERS = ["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock"];
const MANY = 4; // more keys than these are shown as a range, and can only be switched off and on

export class KeySheet {
  #sheet;
  #keymap;
  #words = new Map();
  #told;
  #waiting = null; // {action, button} that waits for its new key

  /** `sheet` holds rows `[data-keys="action ..."]` of a `dt` and a `dd`, and the parts keys-told, keys-on, keys-reset. */
  constructor(sheet, keymap) {
    this.#sheet = sheet;
    this.#keymap = keymap;
    this.#told = this.#part("keys-told");
    for (const row of sheet.querySelectorAll("[data-keys]")) this.#fit(row);
    this.#part("keys-on").addEventListener("change", ({ target }) => this.#turn(target.checked));
    this.#part("keys-reset").addEventListener("click", () => this.#reset());
    sheet.addEventListener("keydown", this.#press, { capture: true });
    sheet.addEventListener("close", () => {
      this.#say("");
      this.#stop();
    });
    keymap.addEventListener("change", () => this.#show());
    this.#show();
  }

  #part(name) {
    return this.#sheet.querySelector(`[data-part=${name}]`);
  }

  #fit(row) {
    const words = row.querySelector("dd").textContent.trim();
    const each = row.dataset.each?.split("|") ?? [];
    const buttons = row.dataset.keys.split(" ").map((action, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "key";
      button.dataset.rebind = action;
      button.addEventListener("click", () => this.#ask(action, button));
      this.#words.set(action, each[index] ? `${words}, ${each[index]}` : words);
      return button;
    });
    row.querySelector("dt").replaceChildren(...buttons);
  }

  #show() {
    for (const button of this.#sheet.querySelectorAll("[data-rebind]")) {
      const caps = this.#capsOf(button.dataset.rebind);
      button.textContent = caps;
      button.setAttribute("aria-label", `${this.#words.get(button.dataset.rebind)}: ${caps}. Change it`);
    }
    this.#part("keys-on").checked = this.#keymap.isOn;
    this.#part("keys-reset").disabled = !this.#keymap.isChanged && this.#keymap.isOn;
    this.#sheet.classList.toggle("keys-are-off", !this.#keymap.isOn);
    showCaps(this.#keymap);
  }

  #capsOf(action) {
    const keys = this.#keymap.keysOf(action);
    if (keys.length === 0) return "off";
    if (keys.length > MANY) return `${capOf(keys[0])} … ${capOf(keys.at(-1))}`;
    return keys.map(capOf).join(" or ");
  }

  #ask(action, button) {
    const usual = this.#keymap.defaultsOf(action);
    if (usual.length > MANY) {
      const isOff = this.#keymap.keysOf(action).length === 0;
      const taken = this.#keymap.rebind(action, isOff ? usual : []);
      this.#say(taken ? `Not all of these keys are free: one means “${this.#words.get(taken)}”.` : "");
      return;
    }
    this.#stop();
    this.#waiting = { action, button };
    button.classList.add("is-waiting");
    button.textContent = "press a key";
    this.#say(`Press the new key for “${this.#words.get(action)}”, or Escape to leave it as it is.`);
  }

  #press = (event) => {
    if (!this.#waiting || MODIFIERS.includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.repeat) return;
    const { action } = this.#waiting;
    if (event.key === "Escape" || event.key === "Tab") {
      this.#say("Left as it was.");
      this.#stop();
    } else if (event.ctrlKey || event.altKey || event.metaKey) {
      this.#say("Keys together with Ctrl, Alt or Meta belong to the browser. Press another one.");
    } else {
      this.#take(action, keyOf(event));
    }
  };

  #take(action, key) {
    const taken = this.#keymap.rebind(action, [key]);
    if (taken) {
      this.#say(`${capOf(key)} means “${this.#words.get(taken) ?? taken}” already. Press another key, or Escape to leave it.`);
      return;
    }
    this.#say(`${capOf(key)} now means “${this.#words.get(action)}”.`);
    this.#stop();
  }

  #stop() {
    this.#waiting?.button.classList.remove("is-waiting");
    this.#waiting = null;
    this.#show();
  }

  #turn(on) {
    this.#keymap.isOn = on;
    this.#say(on ? "" : "Off: reach each control with Tab, and use it there.");
  }

  #reset() {
    this.#keymap.reset();
    this.#say("All keys are as they were at first.");
    this.#part("keys-on").focus();
  }

  #say(words) {
    this.#told.textContent = words;
  }
}

/** Keys that are printed elsewhere on the page: `data-cap` an action's key, `data-cap-title` words before it in a title. */
function showCaps(keymap) {
  for (const place of document.querySelectorAll("[data-cap]")) {
    const [first] = keymap.keysOf(place.dataset.cap);
    const cap = first && keymap.isOn ? capOf(first) : "";
    if (place.dataset.capTitle) place.title = cap ? `${place.dataset.capTitle} (${cap})` : place.dataset.capTitle;
    else {
      place.textContent = cap;
      place.hidden = !cap;
    }
  }
}
