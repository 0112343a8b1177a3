// Puts usual rules into the form.
"use strict";

document.addEventListener("click", (event) => {
  const preset = event.target.closest("[data-cron]");
  if (!preset) return;
  event.preventDefault();
  const rule = document.getElementById("cron");
  rule.value = preset.dataset.cron;
  rule.dispatchEvent(new Event("input", { bubbles: true }));
});
