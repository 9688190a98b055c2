/** The help sheet and the question why a task is skipped. */

export function openHelp(dialog) {
  if (!dialog.open) dialog.showModal();
}

/** "Another reason" says nothing without words. */
function needNote(form) {
  const isNeeded = form.elements.reason.value === "other";
  form.elements.note.required = isNeeded;
  form.querySelector("[data-part=skip-note-needed]").textContent = isNeeded ? "(please)" : "(not needed)";
}

/** Asks for a reason. Resolves to `{reason, note}`, or to null when the person thinks better of it. */
export function askWhy(dialog) {
  const form = dialog.querySelector("form");
  form.reset();
  needNote(form);
  dialog.returnValue = "";
  form.addEventListener("change", () => needNote(form));
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        const answers = new FormData(form);
        resolve(dialog.returnValue === "skip" ? { reason: answers.get("reason"), note: answers.get("note").trim() } : null);
      },
      { once: true },
    );
  });
}

/** A click beside the sheet closes it, as people expect. */
export function closeByBackdrop(dialog) {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}
