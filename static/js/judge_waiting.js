/** Follows a judging until it is over, then shows what came of it. */

const EVERY_MS = 500;
const LATER_MS = 3000;

const root = document.querySelector("[data-ask]");
const words = root.querySelector("[data-part=words]");
const progress = root.querySelector("[data-part=progress]");

async function look() {
  let wait = EVERY_MS;
  try {
    const answer = await fetch(root.dataset.ask, { credentials: "same-origin", headers: { Accept: "application/json" } });
    if (answer.status !== 202) {
      location.reload(); // done, failed, gone, or nobody is logged in any more: the page says which
      return;
    }
    show(await answer.json());
  } catch {
    wait = LATER_MS; // the site is away for a moment
  }
  setTimeout(look, wait);
}

function show({ state, done, total, words: said }) {
  root.dataset.state = state;
  if (words.textContent !== said) words.textContent = said;
  if (total > 0) {
    progress.max = total;
    progress.value = done;
  }
}

look();
