/** The page of a run follows it: each second the parts that have changed are replaced, and nothing else is touched.
 *
 * What somebody opened stays open, what was scrolled stays where it was, what has the focus keeps it. */

const EVERY_MS = 1000;
const HIDDEN_MS = 10_000;
const section = document.querySelector(".jobs-live");

const partsOf = (root) => [...root.querySelectorAll("[data-part]")];
const isFrame = (part) => part.hasAttribute("data-keep");

/** What a part says, without the token that is another one every time. */
function said(part) {
  const copy = part.cloneNode(true);
  for (const token of copy.querySelectorAll("[name=csrfmiddlewaretoken]")) token.remove();
  return copy.innerHTML;
}

const shown = new Map(partsOf(section).map((part) => [part.dataset.part, said(part)]));

/** Somebody has marked words in it, to read or to copy them. */
function isMarked(part) {
  const selection = document.getSelection();
  return selection && !selection.isCollapsed && part.contains(selection.anchorNode);
}

/** Puts new content into a part: what was opened in it and what had the focus are found again by their id or words. */
function replace(part, fresh) {
  const open = [...part.querySelectorAll("details[id]")].map((one) => [one.id, one.open]);
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const wasAtEnd = part.scrollTop + part.clientHeight >= part.scrollHeight - 4;
  part.innerHTML = fresh.innerHTML;
  for (const [id, isOpen] of open) {
    const again = document.getElementById(id);
    if (again) again.open = isOpen;
  }
  if (focused) {
    const same = [...part.querySelectorAll(focused.tagName)];
    const words = focused.textContent.trim();
    (same.find((one) => focused.id && one.id === focused.id) ?? same.find((one) => one.textContent.trim() === words))?.focus();
  }
  if (part.matches("pre") && wasAtEnd) part.scrollTop = part.scrollHeight;
}

/** A part that was not there before, after the one that it follows. */
function add(part, before) {
  if (before) before.after(part);
  else section.prepend(part);
  document.dispatchEvent(new CustomEvent("atelier:added"));
}

function take(fresh) {
  let before = null;
  for (const part of partsOf(fresh)) {
    const name = part.dataset.part;
    const now = said(part);
    const here = section.querySelector(`[data-part="${name}"]`);
    const isInside = part.parentElement !== fresh;
    if (!here && !isInside) add(part, before);
    else if (here && !isFrame(here) && shown.get(name) !== now && !isMarked(here)) replace(here, part);
    if (!here || !isMarked(here)) shown.set(name, now); // what is marked is brought by a later look
    if (!isInside) before = here ?? part;
  }
  section.dataset.state = fresh.dataset.state;
  if (!fresh.dataset.panel) delete section.dataset.panel;
}

async function follow() {
  try {
    const answer = await fetch(section.dataset.panel, { credentials: "same-origin", headers: { Accept: "text/html" } });
    if (answer.redirected || answer.status === 403) return location.reload(); // logged out meanwhile
    if (answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      take(page.querySelector(".jobs-live"));
    }
  } catch {
    // the site is away for a moment: what is shown stays, and the next look tells
  }
  later();
}

function later() {
  if (section.dataset.panel) setTimeout(follow, document.hidden ? HIDDEN_MS : EVERY_MS);
}

later();
