// Several people at one draft: gives a sign of life, says who else is here, and takes in what they
// change, without taking away what is being typed (the page's morphing sees to that).
"use strict";

{
  const EVERY = 8_000;
  const place = document.getElementById("presence");
  let taken = Number(place?.elements.since.value);
  let gone = false;

  const isField = (node) => node?.matches?.("input:not([type=hidden], [type=radio], [type=checkbox]), textarea");

  function doing() {
    const field = document.activeElement;
    if (!isField(field)) return document.getElementById("draft") ? "" : "reviewing it";
    const label = field.labels?.[0]?.firstChild?.textContent || field.getAttribute("aria-label") || "";
    const item = field.closest("[data-name]");
    const what = label.trim().toLowerCase();
    return what && `editing the ${what}${item ? ` of “${item.dataset.name}”` : ""}`;
  }

  function look() {
    if (!gone && document.visibilityState === "visible") htmx.trigger(place, "look");
  }

  function takeIn(version) {
    const draft = document.getElementById("draft");
    const link = place.querySelector(".taken");
    if (!draft) { // a page that can't take it in shows it when it is loaded again
      link.hidden = false;
      return;
    }
    if (version <= taken) return;
    taken = version;
    showAnew(draft);
  }

  function showAnew(draft) {
    htmx.ajax("GET", location.pathname, { source: draft, target: "#draft", select: "#draft", swap: "morph:outerHTML show:none" });
  }

  // What was asked for before the last answer came may be older than it, and would take away what
  // that has shown: it is not shown but asked for anew. A change's own answer is shown all the same.
  const asked = new WeakMap();
  let answered = 0;
  document.addEventListener("htmx:beforeSend", (event) => asked.set(event.detail.xhr, performance.now()));
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target, requestConfig } = event.detail;
    if (target.id !== "draft" || !event.detail.shouldSwap) return;
    if (asked.get(xhr) < answered) {
      event.detail.shouldSwap = requestConfig.verb !== "get";
      queueMicrotask(() => showAnew(target));
    }
    if (event.detail.shouldSwap) answered = performance.now();
  });

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt === place) event.detail.parameters.doing = doing();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id !== "presence-now") return;
    gone = Boolean(place.querySelector("[data-gone]"));
    const news = place.querySelector("[data-news]");
    if (news) takeIn(Number(news.dataset.news));
  });

  // Who keeps the other's text, or their own, has it in the field, too.
  document.addEventListener("submit", (event) => {
    const field = document.getElementById(event.target.dataset?.settles || "");
    if (field) field.value = event.target.elements[field.name].value;
  });

  if (place) {
    setInterval(look, EVERY);
    let soon;
    document.addEventListener("focusin", (event) => {
      clearTimeout(soon);
      if (isField(event.target)) soon = setTimeout(look, 500);
    });
    document.addEventListener("visibilitychange", look);
  }
}
