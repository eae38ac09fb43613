// Filters the rows by target, action and text, and keeps the choice in the address, behind `#`.
// Without this script the page shows all rows and no filter.
(() => {
  "use strict";

  // A link to a folded part opens it.
  const unfold = () => {
    const part = document.getElementById(location.hash.slice(1));
    if (part instanceof HTMLDetailsElement) part.open = true;
  };
  window.addEventListener("hashchange", unfold);
  unfold();

  const form = document.getElementById("filter");
  if (!form) return;
  const fields = ["target", "action", "text"];
  const targets = [...document.querySelectorAll("section.target")].map((section) => ({
    section,
    name: section.dataset.target,
    kept: section.querySelector("details.kept"),
    rows: [...section.querySelectorAll("tr.row")].map((row) => ({
      row,
      action: row.dataset.action,
      text: row.textContent.toLowerCase(),
    })),
  }));
  const all = targets.reduce((sum, target) => sum + target.rows.length, 0);

  const wanted = () => {
    const data = new FormData(form);
    return Object.fromEntries(fields.map((name) => [name, String(data.get(name) ?? "")]));
  };

  const apply = () => {
    const { target, action, text } = wanted();
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const one of targets) {
      let here = 0;
      let kept = 0;
      for (const { row, action: is, text: said } of one.rows) {
        const fits =
          (!target || target === one.name) &&
          (!action || action === is) &&
          words.every((word) => said.includes(word) || one.name.includes(word));
        row.hidden = !fits;
        if (fits) {
          here += 1;
          if (is === "unchanged") kept += 1;
        }
      }
      const narrowed = Boolean(target || action || words.length);
      one.section.hidden = narrowed && here === 0 && target !== one.name;
      for (const table of one.section.querySelectorAll("table")) {
        table.hidden = !table.querySelector("tr.row:not([hidden])");
      }
      if (one.kept) {
        one.kept.hidden = kept === 0;
        // What was asked for by name is shown, not folded away.
        one.kept.open = kept > 0 && (action === "unchanged" || words.length > 0);
      }
      shown += here;
    }
    document.getElementById("none").hidden = shown > 0;
    document.getElementById("shown").textContent =
      shown === all ? `${all} rows` : `${shown} of ${all} rows`;
  };

  const remember = () => {
    const chosen = new URLSearchParams();
    for (const [name, value] of Object.entries(wanted())) if (value) chosen.set(name, value);
    try {
      history.replaceState(null, "", `#${chosen}`);
    } catch {
      // Some viewers give the page no address of its own.
    }
  };

  const recall = () => {
    const chosen = new URLSearchParams(location.hash.slice(1));
    if (location.hash && !fields.some((name) => chosen.has(name))) return;
    form.reset();
    for (const name of fields) {
      const value = chosen.get(name) ?? "";
      const field = form.elements.namedItem(name);
      if (field instanceof HTMLInputElement) field.value = value;
      else if (field && [...field].some((option) => option.value === value)) field.value = value;
    }
    apply();
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    apply();
    remember();
  });
  window.addEventListener("hashchange", recall);
  form.hidden = false;
  apply();
  recall();
})();
