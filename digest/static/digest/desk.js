// The desk: what its pages do beside plain forms, which all work without it.
"use strict";

// What was saved is what the next change is compared with, so that two editors don't undo each other.
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.successful) return;
  const sent = event.detail.requestConfig.formData;
  for (const was of event.target.querySelectorAll("[data-was]")) {
    const name = document.getElementById(was.dataset.was)?.name;
    if (sent.has(name)) was.value = sent.get(name);
  }
});
