/** Keys of the look-alikes page: D different, S same, 1 and 2 remove, U undo, A and B listen. */

const verdicts = document.querySelector("[data-verdicts]");
const undo = document.querySelector("[data-undo] button");
const players = [...document.querySelectorAll("[data-player] button")];
const typing = "input:not([type=hidden]), textarea, select, [contenteditable]";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.closest(typing)) return;
  const acts = {
    d: verdicts?.querySelector("[value=different]"),
    s: verdicts?.querySelector("[value=same]"),
    1: verdicts?.querySelector("[data-side='1']"),
    2: verdicts?.querySelector("[data-side='2']"),
    u: undo,
    a: players[0],
    b: players[1],
  };
  const button = acts[event.key.toLowerCase()];
  if (!button) return;
  event.preventDefault();
  button.click();
});
