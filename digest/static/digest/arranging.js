// The draft's page: items are dragged and moved by keys, and every change refreshes what it touches
// without taking away focus, caret, scroll or what is being typed.  Without this file each action is
// a plain form that leads back.
"use strict";

{
  const draft = () => document.getElementById("draft");
  const say = (words) => { document.getElementById("spoken").textContent = words; };
  document.documentElement.classList.add("scripted");

  // ---- taking in what the server answers --------------------------------------------------

  const isField = (node) => node.matches?.("input:not([type=hidden]), textarea, select");
  const isTyped = (field) => field === document.activeElement || (field.value !== field.defaultValue && field.type !== "checkbox" && field.type !== "radio");

  // What somebody is typing, has opened or has been offered is theirs; the rest is the server's.
  function mayMorph(old, fresh) {
    if (!old.matches) return true;
    if (old.id === "out" && fresh.dataset?.same !== undefined) return takeCameIn(old, fresh);
    if (old.id === "filter" || old.id === "out-count") return false;
    if (old.matches("[hx-preserve]")) return false;
    if (old.tagName === "IFRAME" && old.dataset.live !== undefined) return freshFrame(old, fresh);
    if (isField(old) && isTyped(old) && old.value !== fresh.defaultValue) return false;
    if (old.dataset.was) {
      const field = document.getElementById(old.dataset.was);
      return !(field && isTyped(field) && field.value !== fresh.value);
    }
    return true;
  }

  function takeCameIn(old, fresh) {
    Idiomorph.morph(old.querySelector("#came-in"), fresh.querySelector("#came-in"));
    return false;
  }

  Object.assign(Idiomorph.defaults, { ignoreActiveValue: true });
  Object.assign(Idiomorph.defaults.callbacks, {
    beforeNodeMorphed: mayMorph,
    beforeNodeRemoved: (node) => !node.matches?.(".kept, .coming"),
    // What is open stays open, whatever the server says of it.
    beforeAttributeUpdated: (name, node) => !(node.tagName === "DETAILS" && name === "open"),
  });

  document.addEventListener("htmx:configRequest", (event) => {
    const out = document.getElementById("out");
    if (out) event.detail.headers["Desk-Out"] = out.dataset.seen;
  });

  // ---- the preview: the next one loads behind the one that is seen --------------------------

  let scrolled = 0;
  window.addEventListener("message", (event) => {
    const frame = document.querySelector("iframe[data-live]:not(.coming)");
    if (frame && event.source === frame.contentWindow && Number.isFinite(event.data?.scrolled)) scrolled = event.data.scrolled;
  });

  function freshFrame(old, fresh) {
    const src = fresh.getAttribute("src");
    if (src === old.getAttribute("src")) return true;
    for (const late of document.querySelectorAll("iframe.coming")) late.remove();
    const next = fresh.cloneNode();
    next.removeAttribute("id");
    next.classList.add("coming");
    next.setAttribute("aria-hidden", "true");
    next.tabIndex = -1;
    next.addEventListener("load", () => {
      if (!next.isConnected) return;
      const show = () => {
        if (!next.isConnected || !next.classList.contains("coming")) return;
        next.classList.remove("coming");
        next.removeAttribute("aria-hidden");
        next.removeAttribute("tabindex");
        old.remove();
        next.id = fresh.id;
        document.dispatchEvent(new CustomEvent("desk:shown", { detail: src }));
      };
      if (!scrolled) return show();
      const there = (event) => {
        if (event.source !== next.contentWindow) return;
        window.removeEventListener("message", there);
        show();
      };
      window.addEventListener("message", there);
      next.contentWindow.postMessage({ scroll: scrolled }, "*");
      setTimeout(show, 150);
    }, { once: true });
    old.after(next);
    return false;
  }

  // ---- moving items -------------------------------------------------------------------------

  const all = () => [...document.querySelectorAll("#items > .item")];
  const under = (item) => {
    let above = item.previousElementSibling;
    while (above && !above.matches(".section")) above = above.previousElementSibling;
    return above ? above.dataset.section : "";
  };
  const where = (item) => {
    const section = under(item);
    return `${item.dataset.name}: place ${all().indexOf(item) + 1} of ${all().length}${section ? `, under ${section}` : ""}`;
  };

  function post(path, form) {
    htmx.ajax("POST", path, {
      source: draft(), target: "#draft", select: "#draft", swap: "morph:outerHTML show:none",
      values: Object.fromEntries(form),
    });
  }

  function place(item) {
    const form = document.getElementById("placing");
    form.elements.index.value = all().indexOf(item);
    form.elements.section.value = under(item);
    post(`${form.getAttribute("action")}${item.dataset.slug}/`, new FormData(form));
  }

  function draggable() {
    const list = document.getElementById("items");
    if (!list || list.dragging) return;
    let before;
    list.dragging = Sortable.create(list, {
      handle: ".grip", draggable: ".item", animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
      forceFallback: true, fallbackTolerance: 4, scrollSensitivity: 80, scrollSpeed: 14, ghostClass: "there", filter: ".section", preventOnFilter: false,
      dragoverBubble: false,
      onStart: ({ item }) => { before = item.nextElementSibling; },
      onEnd: ({ item }) => { if (item.nextElementSibling !== before) { say(where(item)); place(item); } },
    });
  }

  let held = null; // the item that keys have picked up, and where it stood

  function letGo() {
    held.item.classList.remove("held");
    held.grip.removeAttribute("aria-pressed");
    held = null;
  }

  function pickUp(grip) {
    const item = grip.closest(".item");
    held = { item, grip, before: item.nextElementSibling };
    item.classList.add("held");
    grip.setAttribute("aria-pressed", "true");
    say(`Picked up. ${where(item)}. Arrow keys move it, Space puts it down, Escape puts it back.`);
  }

  function putDown() {
    const { item, before } = held;
    letGo();
    say(`Put down. ${where(item)}.`);
    if (item.nextElementSibling !== before) place(item);
  }

  function putBack() {
    const { item, grip, before } = held;
    letGo();
    item.parentElement.insertBefore(item, before);
    grip.focus();
    say(`Put back. ${where(item)}.`);
  }

  function shift(way) {
    const { item, grip } = held;
    const beside = way < 0 ? item.previousElementSibling : item.nextElementSibling;
    if (!beside) return say(`${where(item)}. There is nothing beyond.`);
    if (way < 0) beside.before(item);
    else beside.after(item);
    grip.focus();
    item.scrollIntoView({ block: "nearest" });
    say(where(item));
  }

  function onGrip(event) {
    const grip = event.target.closest?.(".grip");
    if (!grip || event.altKey || event.ctrlKey || event.metaKey) return;
    const key = event.key;
    if (key === " " || key === "Enter") held ? putDown() : pickUp(grip);
    else if (held && key === "Escape") putBack();
    else if (held && key === "ArrowUp") shift(-1);
    else if (held && key === "ArrowDown") shift(1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  document.addEventListener("keydown", onGrip, true);
  document.addEventListener("focusout", (event) => {
    // Moving it in the page takes the focus for a moment; going elsewhere puts it down.
    if (held && event.target === held.grip) setTimeout(() => { if (held && document.activeElement !== held.grip) putDown(); });
  });

  // ---- shortcuts ------------------------------------------------------------------------------

  const KEPT = "desk-shortcuts";
  const off = () => { try { return localStorage.getItem(KEPT) === "off"; } catch { return false; } };
  const current = () => document.activeElement.closest?.(".item");
  const press = (id) => document.getElementById(id)?.click();

  function walk(way) {
    const items = all();
    const here = items.indexOf(current());
    const next = items[here < 0 ? (way > 0 ? 0 : items.length - 1) : here + way];
    next?.querySelector(".grip").focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  function go(id) {
    const there = document.getElementById(id);
    there?.closest("details")?.setAttribute("open", "");
    there?.focus();
    there?.scrollIntoView({ block: "center" });
  }

  const ONE = { p: "pin", x: "drop", 1: "lead", 2: "standard", 3: "brief" };
  const KEYS = {
    j: () => walk(1),
    k: () => walk(-1),
    u: () => document.querySelector("#undo button")?.click(),
    "/": () => go("out-q"),
    t: () => document.querySelector("#test button")?.focus(),
    a: () => document.querySelector("[data-key=a]")?.click(),
    "?": () => document.getElementById("shortcuts").showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.isComposing) return;
    if (event.target.closest("input, textarea, select, dialog, [contenteditable]") || off()) return;
    const item = current();
    if (event.altKey) {
      const way = { ArrowUp: "up", ArrowDown: "down" }[event.key];
      if (!way || !item) return;
      press(`${way}-${item.dataset.slug}`);
    } else if (item && ONE[event.key]) press(`${ONE[event.key]}-${item.dataset.slug}`);
    else if (KEYS[event.key]) KEYS[event.key]();
    else return;
    event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const opens = event.target.closest?.("[data-opens]");
    if (opens) document.getElementById(opens.dataset.opens).showModal();
    const leads = event.target.closest?.("a[href^='#']");
    const there = leads && document.getElementById(leads.hash.slice(1));
    if (there && isField(there)) {
      event.preventDefault();
      go(there.id);
      there.classList.add("pointed");
      setTimeout(() => there.classList.remove("pointed"), 2000);
    }
  });

  const box = document.getElementById("shortcuts-on");
  box.checked = !off();
  box.addEventListener("change", () => {
    try { localStorage.setItem(KEPT, box.checked ? "on" : "off"); } catch { /* then only for now */ }
  });

  // ---- what is not in ---------------------------------------------------------------------------

  function filter() {
    const asked = document.getElementById("out-q").value.trim();
    const said = asked.toLowerCase();
    let shown = 0;
    for (const list of document.querySelectorAll("#out [data-list]")) {
      let here = 0;
      for (const line of list.querySelectorAll("li")) {
        line.hidden = !line.textContent.toLowerCase().includes(said);
        here += !line.hidden;
      }
      const count = list.querySelector("[data-count]");
      count.textContent = said ? `${here} of ${Number(count.dataset.count).toLocaleString("en")}` : Number(count.dataset.count).toLocaleString("en");
      const others = list.querySelector("details:has(> ul)");
      if (others && said) others.open = true;
      shown += here;
    }
    document.getElementById("out-count").textContent = said ? (shown ? `${shown} with “${asked}”` : `Nothing with “${asked}”. The search looks at headlines and reasons.`) : "";
  }

  document.addEventListener("input", (event) => { if (event.target.id === "out-q") filter(); });
  document.addEventListener("submit", (event) => {
    const { target, submitter } = event;
    if (target.id === "filter") filter();
    // One form for hundreds of buttons: each says by itself where it leads.
    else if (target.id === "include") post(submitter.getAttribute("formaction"), new FormData(target, submitter));
    else return;
    event.preventDefault();
  });

  setInterval(() => {
    const place = document.getElementById("came-in");
    if (place && document.visibilityState === "visible") htmx.trigger(place, "look");
  }, 15_000);

  // ---- after each change ------------------------------------------------------------------------

  document.addEventListener("htmx:afterSettle", () => {
    draggable();
    const q = document.getElementById("out-q");
    if (q && q.value) filter();
  });
  draggable();
}
