/** The whole screen for the desk, where the browser allows it; the buttons hide where it does not (iPhones). */

export function toggleFullScreen() {
  const done = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
  done.catch(() => {}); // refused by the browser or by the person: the page stays as it is
}

export function fullScreenButtons(buttons) {
  const tell = () => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(document.fullscreenElement !== null));
  };
  for (const button of buttons) {
    button.hidden = !document.fullscreenEnabled;
    button.addEventListener("click", toggleFullScreen);
  }
  document.addEventListener("fullscreenchange", tell);
  tell();
}
