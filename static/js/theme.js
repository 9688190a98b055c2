// Runs before the page is painted (so it is no module): remembers light or dark, and marks that scripts run.
(() => {
  const page = document.documentElement;
  page.classList.add("js");

  const recall = () => {
    try {
      return localStorage.getItem("atelier.theme");
    } catch {
      return null; // a browser that keeps nothing still shows the system's own choice
    }
  };

  const remember = (theme) => {
    try {
      localStorage.setItem("atelier.theme", theme);
    } catch {
      // the choice then lasts as long as the page
    }
  };

  const chosen = recall();
  if (chosen === "light" || chosen === "dark") page.dataset.theme = chosen;

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-action=theme]")) return;
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const next = (page.dataset.theme ?? system) === "dark" ? "light" : "dark";
    page.dataset.theme = next;
    remember(next);
    document.dispatchEvent(new CustomEvent("atelier:theme"));
  });
})();
