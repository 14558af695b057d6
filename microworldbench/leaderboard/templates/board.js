"use strict";
(() => {
  const all = (scope, selector) => Array.from(scope.querySelectorAll(selector));
  const names = new Intl.Collator("en", { numeric: true });
  const textual = new Set(["model", "task", "best"]);

  // Sorting: what has no value stands last in either direction; equal rows keep the order of the page.
  const sorter = (head, items, place) => (button) => {
    const th = button.parentElement, key = button.dataset.key;
    const before = th.getAttribute("aria-sort");
    const rising = textual.has(key) || key === "rank" || key === "place";
    const ascending = before === "none" ? rising : before === "descending";
    for (const other of all(head, "th[aria-sort]")) other.setAttribute("aria-sort", "none");
    th.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const by = textual.has(key) ? (a, b) => names.compare(a, b) : (a, b) => a - b;
    const keyed = items.map((item, n) => [item.getAttribute("data-" + key) || "", n, item]);
    keyed.sort(([a, m], [b, n]) => {
      if ((a === "") !== (b === "")) return a === "" ? 1 : -1;
      return (a === "" ? 0 : (ascending ? 1 : -1) * by(a, b)) || m - n;
    });
    place(keyed.map((entry) => entry[2]), key, ascending);
  };

  // Filtering: every word of the search must occur; a select compares its own attribute.
  const filterer = (section, items, tests, noun) => {
    const search = section.querySelector(".search");
    const controls = Object.keys(tests).map((name) => section.querySelector("." + name));
    const words = items.map((item) => item.dataset.words.toLowerCase());
    const apply = () => {
      const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      items.forEach((item, n) => {
        const fits = wanted.every((word) => words[n].includes(word))
          && controls.every((control) => !control.value || tests[control.classList[0]](item, control.value));
        item.hidden = !fits;
        shown += fits;
      });
      section.querySelector(".shown").textContent = shown + " of " + items.length + " " + noun;
      section.querySelector(".nothing").hidden = shown > 0;
      section.dispatchEvent(new Event("filtered"));
    };
    for (const control of [search, ...controls]) control.addEventListener("input", apply);
    section.querySelector(".reset").addEventListener("click", () => {
      for (const control of [search, ...controls]) control.value = "";
      apply();
      search.focus();
    });
    section.querySelector(".filters").hidden = false;
    apply();
  };

  for (const board of all(document, ".board")) {
    const table = board.querySelector(".ranking");
    const rows = all(table, "tbody.row"), tiers = all(table, "tbody.tier"), original = all(table, "tbody");
    let byRank = true;
    const showTiers = () => {
      // A tier's heading stands only where the rows are in its order, and one of them is shown.
      for (const tier of tiers) {
        let next = tier.nextElementSibling, any = false;
        while (next && next.classList.contains("row")) { any = any || !next.hidden; next = next.nextElementSibling; }
        tier.hidden = !byRank || !any;
      }
    };
    const sort = sorter(table.tHead, rows, (sorted, key, ascending) => {
      byRank = ascending ? key === "rank" : key === "score";
      table.append(...(byRank ? original : [...tiers, ...sorted]));
      showTiers();
    });
    table.tHead.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) sort(button);
    });
    board.addEventListener("filtered", showTiers);
    for (const radio of all(board, ".views input")) {
      radio.addEventListener("change", () => { table.className = "ranking show-" + radio.value; });
    }
    filterer(board, rows, {
      access: (row, value) => row.dataset.access === value,
      standing: (row, value) => row.dataset.standing === value,
    }, rows.length === 1 ? "row" : "rows");
  }

  for (const listing of all(document, ".listing")) {
    const table = listing.querySelector("table"), body = table.tBodies[0];
    const rows = Array.from(body.rows);
    const sort = sorter(table.tHead, rows, (sorted) => body.append(...sorted));
    table.tHead.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) sort(button);
    });
    filterer(listing, rows, {
      level: (row, value) => row.dataset.level === value,
      flag: (row, value) => row.dataset.flags.split(" ").includes(value),
    }, rows.length === 1 ? "task" : "tasks");
  }
})();
