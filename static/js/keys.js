/** Single keys for the whole page: dead while typing, in a dialog, or together with Ctrl, Alt or Meta. */

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
 * `bindings` maps a key's name (lower case for letters) to what it does. An entry may be `{ run, repeats: true }` where
 * holding the key down should go on; for the others a held key counts once.
 */
export function listen(bindings) {
  document.addEventListener("keydown", (event) => {
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const binding = bindings[name];
    if (!binding || isTaken(event)) return;
    event.preventDefault();
    const { run, repeats } = typeof binding === "function" ? { run: binding, repeats: false } : binding;
    if (!event.repeat || repeats) run();
  });
}
