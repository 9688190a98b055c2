/** A scale to try; nothing is kept. Keys work while it has the focus, so that they go on scrolling the page elsewhere. */
import { LEAP, STEP, Scale } from "./scale.js";

const element = document.querySelector("[data-part=scale]");
const scale = new Scale(element);
const steps = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP, PageDown: -LEAP, PageUp: LEAP };

element.addEventListener("keydown", (event) => {
  if (event.key === "Home") scale.jump(0);
  else if (event.key === "End") scale.jump(1);
  else if (steps[event.key]) scale.nudge(steps[event.key]);
  else return;
  event.preventDefault();
});
