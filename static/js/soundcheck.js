/** The first screen: lets sound out by a click (browsers insist) and gives a tone to set the volume by. */
import { playTestTone, unlock } from "./audio.js";

const REMEMBER = "atelier.sound-checked";

function alreadyChecked() {
  try {
    return sessionStorage.getItem(REMEMBER) === "yes";
  } catch {
    return false;
  }
}

function rememberChecked() {
  try {
    sessionStorage.setItem(REMEMBER, "yes");
  } catch {
    // then it is asked again next time
  }
}

/** Shows `screen` until the person says that they hear the tone. Resolves then; sound is unlocked. */
export function soundCheck(screen) {
  const tone = screen.querySelector("[data-action=tone]");
  const begin = screen.querySelector("[data-action=begin]");
  const words = screen.querySelector("[data-part=sound-words]");
  const known = alreadyChecked();
  begin.hidden = !known;
  tone.classList.toggle("plain", known);
  screen.hidden = false;
  (known ? begin : tone).focus();

  tone.addEventListener("click", async () => {
    if (!(await unlock())) {
      words.textContent = "The browser still holds the sound back. Is the tab muted, or is no output connected?";
      return;
    }
    tone.disabled = true;
    words.textContent = "Three soft notes are playing. Turn the volume until they are clear and comfortable.";
    await playTestTone();
    tone.disabled = false;
    tone.classList.add("plain");
    tone.querySelector("[data-part=tone-label]").textContent = "Play it again";
    words.textContent = "Did you hear three soft notes? Then keep the volume as it is from here on.";
    begin.hidden = false;
    begin.focus();
  });

  return new Promise((resolve) => {
    begin.addEventListener("click", async () => {
      if (!(await unlock())) {
        words.textContent = "The browser still holds the sound back. Is the tab muted, or is no output connected?";
        return;
      }
      rememberChecked();
      screen.hidden = true;
      resolve();
    });
  });
}
