"use strict";

// The theme: the system's until the reader chooses; the choice is kept where the browser allows it.
const root = document.documentElement;
const theme = document.getElementById("theme");
const system = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
const showTheme = () => {
  theme.textContent = isDark() ? "Light theme" : "Dark theme";
};
try {
  const kept = localStorage.getItem("cmean-theme");
  if (kept === "dark" || kept === "light") root.dataset.theme = kept;
} catch {
  // a page opened from a file may have no storage
}
theme.hidden = false;
theme.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  showTheme();
  try {
    localStorage.setItem("cmean-theme", root.dataset.theme);
  } catch {
    // as above
  }
});
system.addEventListener("change", showTheme);
showTheme();

// The players: the browser's own controls differ in look and size; these match the page. Without this
// script the browser's own remain.
const clock = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

const make = (tag, attributes) => Object.assign(document.createElement(tag), attributes);

const players = [...document.querySelectorAll(".pair audio")];
for (const audio of players) {
  const name = audio.getAttribute("aria-label");
  const player = make("div", { className: "player" });
  const button = make("button", { type: "button", className: "play", ariaLabel: `Play ${name}` });
  const slider = make("input", { type: "range", min: 0, max: 30, step: 0.1, value: 0 });
  const time = make("span", { className: "time" });
  slider.ariaLabel = `Position in ${name}`;

  const show = () => {
    const length = Number.isFinite(audio.duration) ? audio.duration : 0;
    if (length) slider.max = length;
    slider.value = audio.currentTime;
    time.textContent = `${clock(audio.currentTime)} / ${clock(length)}`;
    slider.setAttribute("aria-valuetext", time.textContent);
    button.classList.toggle("playing", !audio.paused);
    button.ariaLabel = `${audio.paused ? "Play" : "Pause"} ${name}`;
  };
  for (const event of ["loadedmetadata", "timeupdate", "play", "pause", "ended"]) {
    audio.addEventListener(event, show);
  }
  audio.addEventListener("play", () => {
    for (const other of players) if (other !== audio) other.pause();
  });
  audio.addEventListener("error", () => {
    player.textContent = "This browser cannot play the sound.";
  });
  button.addEventListener("click", () => {
    if (audio.paused) audio.play().catch(show);
    else audio.pause();
  });
  slider.addEventListener("input", () => {
    audio.currentTime = Number(slider.value);
  });
  player.append(button, slider, time);
  audio.controls = false;
  audio.after(player);
  show();
}
