// Says in words how a preview fares: where it can't be fetched, its frame would show a browser's own page.
"use strict";

(() => {
  const known = new WeakSet();

  const why = (status) =>
    status === 401 || status === 403 ? "you are signed out, or may not see it. Sign in in another tab, then load this page again."
      : status === 404 ? "what it showed is gone. Load this page again to see how things stand."
      : status ? "something broke on the server. Try again in a minute."
      : "the server can’t be reached. It is tried again with your next change.";

  async function look(frame) {
    const words = frame.parentElement.querySelector(".frame-words");
    const asked = frame.src;
    let status = 0;
    try {
      // Renders nothing: whether it may be shown is all that is asked.
      const answer = await fetch(asked, { method: "HEAD", headers: { "HX-Request": "true" } });
      status = answer.status;
      if (answer.ok) status = 200;
    } catch { /* told below */ }
    if (frame.src !== asked) return;
    frame.hidden = status !== 200;
    if (status !== 200) words.textContent = `The preview can’t be shown: ${why(status)}`;
  }

  function watch(frame) {
    if (known.has(frame)) return;
    known.add(frame);
    const words = frame.parentElement.querySelector(".frame-words");
    frame.addEventListener("load", () => { if (!frame.hidden) words.textContent = ""; });
    // Before anything is there, the page's own load says that its frames have come.
    if (document.readyState !== "complete") window.addEventListener("load", () => { if (!frame.hidden) words.textContent = ""; }, { once: true });
    new MutationObserver(() => look(frame)).observe(frame, { attributeFilter: ["src"] });
    look(frame);
  }

  const all = () => document.querySelectorAll("iframe[data-preview]").forEach(watch);
  all();
  document.addEventListener("htmx:load", all);
})();
