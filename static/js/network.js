/** Says where the answers are: on their way, kept here, or not to be sent. */

const CALM_MS = 900; // a send that is over sooner is not worth a word

function wordsFor({ state, size, words: told }) {
  const answers = size === 1 ? "1 answer is" : `${size} answers are`;
  return {
    empty: "",
    sending: "Saved here, sending …",
    offline: `${answers} saved here and will be sent when the site can be reached.`,
    "signed-out": `${answers} saved here. Please log in again to send.`,
    another: `${answers} saved here. Somebody else has logged in on this computer: log in as yourself to send.`,
    stale: `${answers} saved here. Load the page again to send.`,
    barred: `${answers} saved here, not sent. ${told}`,
  }[state];
}

/** Keeps the desk's words in step with the outbox. */
export function tellNetwork(desk, outbox) {
  let calm = 0;
  outbox.addEventListener("state", () => {
    const { state } = outbox;
    clearTimeout(calm);
    desk.root.dataset.network = state;
    const tell = () => {
      desk.find("network").textContent = wordsFor(outbox);
      desk.find("login").hidden = state !== "signed-out" && state !== "another";
      desk.find("reload").hidden = state !== "stale";
    };
    if (state === "sending") calm = setTimeout(tell, CALM_MS);
    else tell();
  });
}
