// Shows due times in the viewer's own time zone, and puts usual rules into the form.
"use strict";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const place = zone.split("/").pop().replaceAll("_", " ");
const words = new Intl.DateTimeFormat("en-GB", {
  weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
});

function show(root) {
  for (const time of root.querySelectorAll("[data-here] time")) {
    time.textContent = `${words.format(new Date(time.dateTime)).replace(",", "")} ${place}`;
  }
  for (const part of root.querySelectorAll("[data-here]")) part.hidden = false;
}

document.addEventListener("htmx:afterSwap", (event) => show(event.target));
document.addEventListener("click", (event) => {
  const preset = event.target.closest("[data-cron]");
  if (!preset) return;
  event.preventDefault();
  const rule = document.getElementById("cron");
  rule.value = preset.dataset.cron;
  rule.dispatchEvent(new Event("input", { bubbles: true }));
});
show(document);
