/** The form of a new run: another recipe brings its own settings, and the button says at once that it was pressed. */

const form = document.getElementById("run-form");
const part = document.getElementById("recipe-settings");
const button = form.querySelector(".run-submit");
const words = button.textContent;
let asked = 0;

/** Fetches the settings of the recipe that is chosen now; what was typed and what was opened stays so. */
async function refresh() {
  const mine = ++asked;
  const fields = new FormData(form);
  fields.delete("csrfmiddlewaretoken");
  part.setAttribute("aria-busy", "true");
  const filled = [...fields].filter(([, value]) => value !== "");
  const answer = await fetch(`${form.dataset.settings}?${new URLSearchParams(filled)}`, { credentials: "same-origin" });
  if (mine !== asked || !answer.ok) return;
  const text = await answer.text();
  if (mine !== asked) return;
  const open = [...part.querySelectorAll("details[open]")].map((group) => group.id);
  part.innerHTML = text;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  part.removeAttribute("aria-busy");
}

form.addEventListener("change", (event) => {
  if (["recipe", "size"].includes(event.target.name)) refresh();
});
form.addEventListener("submit", () => {
  button.disabled = true;
  button.textContent = "Starting…";
});
window.addEventListener("pageshow", () => {
  button.disabled = false;
  button.textContent = words;
});
