const button = document.getElementById("play");
const clips = [...document.querySelectorAll("video")];
button.hidden = clips.length === 0;
button.addEventListener("click", () => {
  const starting = clips.some((clip) => clip.paused);
  for (const clip of clips) {
    if (starting) { clip.currentTime = 0; clip.play(); } else { clip.pause(); }
  }
  button.textContent = starting ? "Pause all" : "Play all";
});
