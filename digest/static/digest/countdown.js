// Counts down to what goes out soon.
"use strict";

setInterval(() => {
  for (const part of document.querySelectorAll("[data-until]")) {
    const left = Math.ceil((new Date(part.dataset.until) - Date.now()) / 1000);
    part.textContent = left > 0 ? `in ${left} s` : "any moment";
  }
}, 1_000);
