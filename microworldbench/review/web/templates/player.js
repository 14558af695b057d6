"use strict";
// One or two videos, played in step. The longest one sets the pace; a shorter one waits on its last frame.
(() => {
  const player = document.querySelector(".player");
  if (!player) return;
  const videos = Array.from(player.querySelectorAll("video"));
  const controls = player.querySelector(".controls");
  const slider = controls.querySelector("input");
  const speed = controls.querySelector("select");
  const number = controls.querySelector("output");
  const fps = Number(player.dataset.fps);
  const lengths = videos.map((video) => Number(video.dataset.duration));
  const longest = Math.max(...lengths);
  const leader = videos[lengths.indexOf(longest)];
  const frames = Math.max(1, Math.round(longest * fps));
  let wanted = !matchMedia("(prefers-reduced-motion: reduce)").matches;  // to be playing

  for (const video of videos) {
    video.controls = false;
    video.loop = false;
    video.muted = true;
  }
  slider.max = String(frames - 1);
  controls.hidden = false;

  const frameNow = () => Math.min(frames - 1, Math.max(0, Math.floor(leader.currentTime * fps + 0.001)));
  const show = () => {
    slider.value = String(frameNow());
    number.textContent = frameNow() + 1 + " / " + frames;
    controls.classList.toggle("playing", wanted);
  };
  const seek = (time) => {
    videos.forEach((video, i) => { video.currentTime = Math.min(time, Math.max(0, lengths[i] - 0.5 / fps)); });
  };
  const play = () => {
    wanted = true;
    for (const video of videos) {
      video.playbackRate = Number(speed.value);
      video.play().catch(() => { wanted = false; show(); });
    }
  };
  const pause = () => {
    wanted = false;
    for (const video of videos) video.pause();
  };
  const step = (by) => {
    pause();
    seek((Math.min(frames - 1, Math.max(0, frameNow() + by)) + 0.5) / fps);
    show();
  };
  const acts = { play: () => (wanted ? pause() : play()), back: () => step(-1), forward: () => step(1) };

  controls.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button) { acts[button.dataset.do](); show(); }
  });
  slider.addEventListener("input", () => { pause(); seek((Number(slider.value) + 0.5) / fps); show(); });
  speed.addEventListener("change", () => { for (const video of videos) video.playbackRate = Number(speed.value); });
  leader.addEventListener("ended", () => { seek(0); if (wanted) play(); });
  leader.addEventListener("seeked", show);
  const begin = () => { show(); if (wanted) play(); };
  if (leader.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) begin();  // a short clip is there before this script is
  else leader.addEventListener("loadeddata", begin);

  const keepInStep = () => {
    if (wanted && !leader.paused) {
      videos.forEach((video, i) => {
        if (video === leader || leader.currentTime > lengths[i]) return;
        if (Math.abs(video.currentTime - leader.currentTime) > 1.5 / fps) video.currentTime = leader.currentTime;
        if (video.paused && !video.ended) video.play().catch(() => {});
      });
      show();
    }
    requestAnimationFrame(keepInStep);
  };
  requestAnimationFrame(keepInStep);
  show();

  document.addEventListener("workbench-key", (event) => {
    const act = { " ": acts.play, ",": acts.back, ".": acts.forward }[event.detail];
    if (act) { act(); show(); event.preventDefault(); }
  });
})();
