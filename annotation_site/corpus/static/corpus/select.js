/** Selecting in a grid: Django's own script for it knows rows of tables only. The bar it steers is Unfold's. */

const boxes = [...document.querySelectorAll(".corpus-card-box")];
const toggle = document.querySelector("[data-select-page]");
const parts = Object.fromEntries(
  ["action-counter", "all", "question", "clear"].map((name) => [name, document.querySelector(`#changelist-actions .${name}`)]),
);
const across = document.querySelector("#changelist-form input.select-across");
let last = null;

function show(part, isShown) {
  parts[part]?.classList.toggle("hidden", !isShown);
}

/** `isAcross`: everything that the filters show is meant, beyond this page. */
function tell(isAcross = false) {
  const n = boxes.filter((box) => box.checked).length;
  const isPage = n > 0 && n === boxes.length;
  if (across) across.value = isAcross ? "1" : "0";
  if (parts["action-counter"]) parts["action-counter"].textContent = `${n} of ${boxes.length} selected`;
  show("action-counter", !isAcross);
  show("all", isAcross);
  show("question", isPage && !isAcross);
  show("clear", isAcross);
  toggle.checked = isPage;
  toggle.indeterminate = n > 0 && !isPage;
}

function all(isChecked) {
  for (const box of boxes) box.checked = isChecked;
}

if (toggle) {
  for (const box of boxes) {
    box.addEventListener("click", (event) => {
      if (event.shiftKey && last) {
        const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
        for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
      }
      last = box;
      tell();
    });
  }
  toggle.addEventListener("change", () => {
    all(toggle.checked);
    tell();
  });
  parts.question?.querySelector("a").addEventListener("click", (event) => {
    event.preventDefault();
    tell(true);
  });
  parts.clear?.querySelector("a").addEventListener("click", (event) => {
    event.preventDefault();
    all(false);
    tell();
  });
  addEventListener("pageshow", () => tell());
  tell();
}
