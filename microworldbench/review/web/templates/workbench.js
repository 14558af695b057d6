"use strict";
// Keys, saving while one works, and how long a page was looked at. Without this script everything still works.
(() => {
  const form = document.getElementById("answer");
  const isWriting = (target) => target.matches("textarea, select, input:not([type=radio]):not([type=checkbox]):not([type=range])");

  if (!form) {
    document.addEventListener("keydown", (event) => {
      const go = document.getElementById("go");
      if (event.key === "Enter" && go && document.activeElement === document.body) go.click();
    });
    return;
  }

  // Time: only while the page is in view.
  let looked = 0, since = document.hidden ? null : performance.now();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && since !== null) { looked += performance.now() - since; since = null; }
    else if (!document.hidden && since === null) since = performance.now();
  });
  const seconds = () => ((looked + (since === null ? 0 : performance.now() - since)) / 1000).toFixed(1);

  // Saving: one request at a time, repeated until the server has it. The server lays changes over each other, so
  // nothing is doubled by a repetition.
  const told = document.getElementById("saved");
  const say = (text, isBad = false) => { told.textContent = text; told.classList.toggle("bad", isBad); };
  let unsaved = false, sending = false, closed = false, timer = null, patience = 1000, leaving = null;
  const content = (go) => {
    form.elements._active.value = seconds();
    const data = new URLSearchParams(new FormData(form));
    data.set("_go", go);
    return data;
  };
  // What another tab or device saved meanwhile stands here too from now on, unless it was changed here since; else the
  // next save from here would undo it. False where this page has no field for it.
  const adopt = (fields, sent) => Object.entries(fields).every(([name, value]) => {
    const inputs = Array.from(form.querySelectorAll(`[name="${CSS.escape(name)}"]`));
    const hasTicks = inputs.some((input) => input.matches("[type=radio], [type=checkbox]"));
    const ticked = inputs.find((input) => input.checked);
    const present = hasTicks ? (ticked ? ticked.value : "") : inputs.length ? inputs[0].value : "";
    if (present === (sent.get(name) || "").replaceAll("\r\n", "\n")) {
      for (const input of inputs) {
        if (hasTicks) input.checked = input.value === value;
        else input.value = value;
      }
    }
    return inputs.length > 0;
  });
  const save = async () => {
    if (closed) return;
    if (sending) { unsaved = true; return; }
    sending = true;
    unsaved = false;
    const going = leaving, sent = content(going || "stay");
    let reply = null;
    try {
      const response = await fetch(form.action, {
        method: "POST", body: sent, headers: { Accept: "application/json" }, signal: AbortSignal.timeout(15000),
      });
      if (response.status === 429 || response.status >= 500) throw new Error(String(response.status));
      reply = await response.json();
    } catch {
      sending = false;
      unsaved = true;
      say("Not saved yet: no connection. Trying again …", true);
      clearTimeout(timer);
      timer = setTimeout(save, patience);
      patience = Math.min(2 * patience, 15000);
      return;
    }
    sending = false;
    patience = 1000;
    if (!reply.saved) {
      leaving = null;
      closed = Boolean(reply.go);
      say("Not saved: " + reply.said, true);
      return;
    }
    const isWhole = adopt(reply.fields, sent);
    if (isWhole) form.elements._form.value = reply.form;
    if (unsaved) { save(); return; }
    if (going) { location.assign(reply.go); return; }
    if (!isWhole) { location.reload(); return; }
    const left = Object.keys(reply.gaps).length;
    say(left ? "Saved, " + left + " left on this page" : "Saved, page complete");
  };
  const later = (delay) => {
    unsaved = true;
    clearTimeout(timer);
    timer = setTimeout(save, delay);
  };
  form.addEventListener("change", () => later(150));
  form.addEventListener("input", (event) => { if (event.target.matches("textarea")) later(900); });
  form.addEventListener("submit", (event) => {
    if (closed) return;
    event.preventDefault();
    leaving = (event.submitter && event.submitter.value) || "next";
    clearTimeout(timer);
    save();
  });
  addEventListener("beforeunload", (event) => { if (unsaved && !closed && !leaving) event.preventDefault(); });

  // Groups: claims that are answered one after the other.
  const groups = Array.from(form.querySelectorAll("[data-group]")).filter((group) => group.querySelector("[data-key]"));
  let current = null;
  const point = (group, scroll = true) => {
    if (!group || group === current) return;
    if (current) current.classList.remove("current");
    current = group;
    current.classList.add("current");
    if (scroll) current.scrollIntoView({ block: "nearest" });
  };
  const isOpen = (group) => !group.querySelector("input:checked");
  const move = (by) => point(groups[Math.min(groups.length - 1, Math.max(0, groups.indexOf(current) + by))]);
  const goOn = () => {
    const after = groups.slice(groups.indexOf(current) + 1).find(isOpen) || groups.find(isOpen);
    if (after) point(after);
  };
  const writesMore = (group) => {
    const shown = Array.from(group.querySelectorAll(".edit textarea, .edit select")).find((field) => field.offsetParent);
    return shown || null;
  };
  form.addEventListener("focusin", (event) => point(event.target.closest("[data-group]"), false));
  form.addEventListener("click", (event) => point(event.target.closest("[data-group]"), false));
  const withGap = form.querySelector(".gap");
  point((withGap && withGap.closest("[data-group]")) || groups.find(isOpen) || groups[0], Boolean(withGap));
  if (withGap && !current) withGap.scrollIntoView({ block: "center" });

  // Keys.
  const help = document.getElementById("help");
  const opener = document.getElementById("help-open");
  opener.hidden = false;
  opener.addEventListener("click", () => help.showModal());
  const choose = (key) => {
    const place = current || form;
    const input = Array.from(place.querySelectorAll("[data-key]")).find(
      (one) => one.dataset.key === key && !one.disabled && one.closest("label").offsetParent);
    if (!input) return false;
    input.checked = input.type === "radio" || !input.checked;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    const more = current && writesMore(current);
    if (more && input.type === "radio") more.focus();
    else if (current && input.type === "radio") goOn();
    return true;
  };
  const note = () => {
    const place = current || form;
    const folded = place.querySelector("details.note");
    if (folded) folded.open = true;
    const field = Array.from(place.querySelectorAll("textarea")).find((one) => one.offsetParent);
    if (field) field.focus();
    return Boolean(field);
  };
  const previous = () => { document.getElementById("previous").click(); return true; };
  const submit = () => { form.requestSubmit(form.querySelector("button[value=next]")); return true; };
  const commands = { j: () => move(1), k: () => move(-1), n: note, p: previous, "?": () => help.showModal(), Enter: submit };
  document.addEventListener("keydown", (event) => {
    if (help.open || event.altKey || event.metaKey) return;
    if (event.key === "Enter" && event.ctrlKey) { event.preventDefault(); submit(); return; }
    if (event.ctrlKey) return;
    if (isWriting(event.target)) {
      if (event.key === "Escape") { event.target.blur(); goOn(); }
      return;
    }
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
    if (event.key === " " && event.target.closest("button, summary, [type=checkbox]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (choose(key)) { event.preventDefault(); return; }
    if (commands[key]) { event.preventDefault(); commands[key](); return; }
    const passed = new CustomEvent("workbench-key", { detail: event.key, cancelable: true });
    if (!document.dispatchEvent(passed)) event.preventDefault();
  });
})();
