/** The help sheet and the question why a task is skipped. */

export function openHelp(dialog) {
  if (!dialog.open) dialog.showModal();
}

/** Asks for a reason. Resolves to `{reason, note}`, or to null when the person thinks better of it. */
export function askWhy(dialog) {
  const form = dialog.querySelector("form");
  form.reset();
  dialog.returnValue = "";
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
