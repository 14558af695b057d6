"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");

  // Theme: auto follows the system; the choice is kept where the browser lets a page keep anything.
  const themes = ["auto", "light", "dark"];
  const theme = document.getElementById("theme");
  const remember = (choice) => { try { localStorage.setItem("mwb-theme", choice); } catch { /* not allowed: forget */ } };
  const remembered = () => { try { return localStorage.getItem("mwb-theme"); } catch { return null; } };
  const paint = (choice) => {
    if (choice === "auto") delete root.dataset.theme; else root.dataset.theme = choice;
    theme.lastElementChild.textContent = choice;
  };
  let chosen = themes.includes(remembered()) ? remembered() : "auto";
  paint(chosen);
  theme.hidden = false;
  theme.addEventListener("click", () => {
    chosen = themes[(themes.indexOf(chosen) + 1) % themes.length];
    paint(chosen);
    remember(chosen);
  });
})();
