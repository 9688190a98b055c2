/** The keys of a whole page: dead while typing, in a dialog, when switched off, or together with Ctrl, Alt or Meta. */
import { keyOf } from "./keymap.js";

const TYPING = "input, textarea, select, [contenteditable]";
const PRESSABLE = "button, a[href], summary";

function isTaken(event) {
  const target = event.target instanceof Element ? event.target : document.body;
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return true;
  if (document.querySelector("dialog[open]") || target.closest(TYPING)) return true;
  // Enter and Space belong to a button that a keyboard has reached.
  return (event.key === "Enter" || event.key === " ") && target.closest(PRESSABLE) !== null;
}

/**
 * `actions` maps the keymap's actions to what they do, given the key's name. An entry may be `{ run, repeats, within }`:
 * `repeats` where holding the key down should go on (else a held key counts once); `within`, an element that keeps the
 * key while it has the focus although keys are switched off, as its role promises.
 */
export function listen(keymap, actions) {
  document.addEventListener("keydown", (event) => {
    const key = keyOf(event);
    const entry = actions[keymap.actionOf(key)];
    if (!entry || isTaken(event)) return;
    const { run, repeats = false, within = null } = typeof entry === "function" ? { run: entry } : entry;
    if (!keymap.isOn && !(within?.contains(event.target) && key.length > 1)) return;
    event.preventDefault();
    if (!event.repeat || repeats) run(key);
  });
}
