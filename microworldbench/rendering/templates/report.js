"use strict";
(() => {
  const find = (id) => document.getElementById(id);

  // Sorting: what has no value stands last in either direction.
  const table = find("tasks");
  const tasks = Array.from(table.tBodies);
  const order = { organ: 0, cellular: 1, subcellular: 2 };
  const names = new Intl.Collator("en", { numeric: true });
  const field = (task, key) => task.getAttribute("data-" + key.replace(/_/g, "-"));
  const compare = {
    id: (a, b) => names.compare(a, b),
    level: (a, b) => order[a] - order[b],
  };
  const sort = (key, direction) => {
    const by = compare[key] || ((a, b) => a - b);
    const keyed = tasks.map((task) => [field(task, key), Number(task.dataset.n), task]);
    keyed.sort(([a, m], [b, n]) => {
      if ((a === "") !== (b === "")) return a === "" ? 1 : -1;
      return (a === "" ? 0 : direction * by(a, b)) || m - n;
    });
    table.append(...keyed.map((entry) => entry[2]));
  };
  table.tHead.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const head = button.parentElement;
    const textual = button.dataset.key in compare;
    const before = head.getAttribute("aria-sort");
    const ascending = before === "none" ? textual : before === "descending";
    for (const other of table.tHead.querySelectorAll("th")) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    sort(button.dataset.key, ascending ? 1 : -1);
  });

  // Filtering.
  const search = find("search"), level = find("level"), flag = find("flag");
  const words = new Map();
  const haystack = (task) => {
    if (!words.has(task)) {
      const parts = [task.dataset.id];
      for (const part of task.querySelectorAll(".row th, .prompt")) parts.push(part.textContent);
      words.set(task, parts.join("\n").toLowerCase());
    }
    return words.get(task);
  };
  const filter = () => {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const task of tasks) {
      const fits = (!level.value || task.dataset.level === level.value)
        && (!flag.value || task.dataset.flags.split(" ").includes(flag.value))
        && wanted.every((word) => haystack(task).includes(word));
      task.hidden = !fits;
      shown += fits;
    }
    find("shown").textContent = shown + " of " + tasks.length + (tasks.length === 1 ? " task" : " tasks");
    find("nothing").hidden = shown > 0 || tasks.length === 0;
  };
  for (const control of [search, level, flag]) control.addEventListener("input", filter);
  find("reset").addEventListener("click", () => {
    search.value = level.value = flag.value = "";
    filter();
    search.focus();
  });
  find("filters").hidden = false;
  filter();

  // Unfolding: a click anywhere on a task's line does what its summary does.
  const unfold = (task) => task.querySelector(".detail > td > details");
  table.addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (!row || String(getSelection())) return;
    const details = unfold(row.parentElement);
    details.open = !details.open;
  });
  table.addEventListener("toggle", (event) => {
    if (!event.target.open) return;
    for (const video of event.target.querySelectorAll("video:not([poster])")) {
      const frame = video.parentElement.querySelector(".frames img");
      if (frame) video.poster = frame.src;  // the first frame serves as poster, so the page holds it once
    }
  }, true);
  const follow = () => {
    const task = find(decodeURIComponent(location.hash.slice(1)));
    if (task && task.classList.contains("task")) { unfold(task).open = true; task.scrollIntoView(); }
  };
  addEventListener("hashchange", follow);
  follow();

  // Cited frames: pointing at a criterion or focusing it shows them, pressing its frame numbers keeps them shown.
  const show = (video) => {
    const criteria = Array.from(video.querySelectorAll("[data-frames]"));
    const current = criteria.find((one) => one.matches(":hover, :focus-within"))
      || criteria.find((one) => one.querySelector(".cite[aria-pressed=true]"));
    const cited = current ? current.dataset.frames.split(" ") : [];
    for (const frame of video.querySelectorAll("figure")) frame.classList.toggle("cited", cited.includes(frame.dataset.frame));
    video.querySelector(".media").classList.toggle("pointing", video.querySelector("figure.cited") !== null);
    const pointed = video.querySelector("figure:hover");
    for (const one of criteria) {
      one.classList.toggle("citing", pointed !== null && one.dataset.frames.split(" ").includes(pointed.dataset.frame));
    }
  };
  for (const kind of ["mouseover", "mouseout", "focusin", "focusout"]) {
    table.addEventListener(kind, (event) => {
      const video = event.target.closest(".video");
      if (video) requestAnimationFrame(() => show(video));
    });
  }
  table.addEventListener("click", (event) => {
    const button = event.target.closest(".cite");
    if (!button) return;
    const pressed = button.getAttribute("aria-pressed") !== "true";
    const video = button.closest(".video");
    for (const other of video.querySelectorAll(".cite")) other.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", String(pressed));
    show(video);
  });
})();
