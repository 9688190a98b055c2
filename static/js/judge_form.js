/** The form of the judge page: a search in the corpus that keeps chosen files, and no question asked twice. */

const form = document.querySelector("[data-part=form]");
const corpus = form?.querySelector("[data-part=corpus]");

/** The form without its files and its secret, as an address. */
function asked(button) {
  const told = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && name !== "csrfmiddlewaretoken") told.append(name, value);
  }
  told.set(button.name, button.value);
  return `${form.getAttribute("action")}?${told}`;
}

async function search(button) {
  corpus.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(asked(button), { credentials: "same-origin", headers: { "X-Part": "corpus" } });
    if (!answer.ok) throw new Error(String(answer.status));
    corpus.innerHTML = await answer.text();
    corpus.querySelector(`[name="${button.name}"][value="${button.value}"]`)?.focus();
  } catch {
    form.submit(); // as without scripts: the site's own page says what is wrong
  } finally {
    corpus.removeAttribute("aria-busy");
  }
}

form?.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (corpus && (button?.name === "find" || button?.name === "some")) {
    event.preventDefault();
    search(button);
  } else if (form.dataset.state === "sending") {
    event.preventDefault();
  } else {
    form.dataset.state = "sending";
    form.querySelector("[data-part=ask]").setAttribute("aria-disabled", "true");
  }
});

// Enter in a search field searches; it does not ask the model.
corpus?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.type !== "search") return;
  event.preventDefault();
  corpus.querySelector("[name=find]").click();
});

addEventListener("pageshow", () => {
  if (!form) return;
  delete form.dataset.state; // came back by the browser's own button
  form.querySelector("[data-part=ask]").removeAttribute("aria-disabled");
});

form?.querySelector("[name=painting_files]")?.addEventListener("change", (event) => {
  const names = form.querySelector("[data-part=painting-names]");
  const files = [...event.target.files];
  names.replaceChildren(...(files.length > 1 ? files : []).map((file) => Object.assign(document.createElement("li"), { textContent: file.name })));
});
