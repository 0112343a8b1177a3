// Keeps what was typed into a form and not saved, in this browser: <form data-keep="some name">.
//
// It is offered again, with its time, where that form is next opened by the same person (the body's
// data-who), and forgotten once the server shows the same words, or says by data-kept-done="some
// name" that they are saved.  Hidden fields are left out (but those with data-keep-too), and
// passwords and files.  Each page keeps its own, so that two tabs don't write over each other.
// Where rows are missing for what is put back, "keep:rows" asks for them first.
"use strict";

{
  const PAUSE = 300;
  const DAYS = 30;
  const MOST = 500_000;
  const page = Date.now().toString(36) + Math.random().toString(36).slice(2, 8);
  const forms = new WeakMap();

  const who = () => document.body.dataset.who || "";
  const prefixOf = (name) => `keep/${who()}/${name}/`;
  const plain = (text) => text.replace(/\r\n?/g, "\n").trim();

  function isKept(field) {
    if (!field.name || field.disabled || field.name === "csrfmiddlewaretoken") return false;
    if (field.type === "hidden" || field.hidden) return "keepToo" in field.dataset;
    return !["password", "file", "submit", "button", "reset", "image"].includes(field.type) && field.tagName !== "BUTTON";
  }

  function words(form) {
    return [...form.elements].filter(isKept).map((field) => [
      field.name,
      ["checkbox", "radio"].includes(field.type) ? `${field.checked ? "on" : "off"} ${field.value}` : plain(field.value),
    ]);
  }

  // What counts: texts that are there, in their order; empty rows say nothing.
  const said = (fields) => JSON.stringify(fields.filter(([, value]) => value && !value.startsWith("off ")));

  function stored(name) {
    const found = [];
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(prefixOf(name))) continue;
      try {
        const one = JSON.parse(localStorage.getItem(key));
        if (Date.now() - one.at > DAYS * 86_400_000) localStorage.removeItem(key);
        else found.push({ key, ...one });
      } catch {
        localStorage.removeItem(key);
      }
    }
    return found.sort((one, other) => other.at - one.at);
  }

  function forget(name) {
    for (const one of stored(name)) localStorage.removeItem(one.key);
  }

  function keep(form) {
    const state = forms.get(form);
    clearTimeout(state.timer);
    state.timer = 0;
    const fields = words(form);
    const key = prefixOf(form.dataset.keep) + page;
    const text = JSON.stringify({ at: Date.now(), fields });
    try {
      if (said(fields) === state.saved) localStorage.removeItem(key);
      else if (text.length < MOST) localStorage.setItem(key, text);
    } catch {
      // No room, or none allowed: the page itself still has them.
    }
  }

  function when(at) {
    const time = new Date(at);
    const clock = time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
    if (time.toDateString() === new Date().toDateString()) return clock;
    return `${time.toLocaleDateString([], { day: "numeric", month: "long" })}, ${clock}`;
  }

  function putBack(form, fields) {
    const counts = {};
    for (const [name] of fields) counts[name] = (counts[name] || 0) + 1;
    form.dispatchEvent(new CustomEvent("keep:rows", { detail: counts, bubbles: true }));
    const left = fields.slice();
    for (const field of [...form.elements].filter(isKept)) {
      const at = left.findIndex(([name]) => name === field.name);
      if (at < 0) continue;
      const value = left.splice(at, 1)[0][1];
      if (["checkbox", "radio"].includes(field.type)) field.checked = value.startsWith("on ");
      else field.value = value;
    }
    form.dispatchEvent(new Event("input", { bubbles: true }));
    form.dispatchEvent(new CustomEvent("keep:back", { bubbles: true }));
  }

  function button(text, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "button small";
    made.textContent = text;
    made.addEventListener("click", act);
    return made;
  }

  function offer(form, one) {
    const notice = document.createElement("div");
    notice.className = "notice warn spread kept";
    notice.setAttribute("role", "status");
    const text = document.createElement("span");
    text.textContent = `Unsaved words from ${when(one.at)}, kept by this browser.`;
    const actions = document.createElement("span");
    actions.className = "actions";
    const done = () => {
      localStorage.removeItem(one.key);
      notice.remove();
    };
    actions.append(
      button("Put them back", () => { putBack(form, one.fields); keep(form); done(); }),
      button("Forget them", done),
    );
    notice.append(text, actions);
    // Outside the form, or a change of its fields by the server would take it along.
    form.before(notice);
  }

  function begin(form) {
    if (forms.has(form)) return;
    const now = said(words(form));
    const sent = sessionStorage.getItem("keep/sent") || "";
    if ("keepUnsaved" in form.dataset && sent.startsWith(prefixOf(form.dataset.keep))) {
      localStorage.removeItem(sent); // it is this very form that came back, joined with others' words perhaps
    }
    // A form that came back with mistakes shows words that are not saved.
    forms.set(form, { saved: "keepUnsaved" in form.dataset ? "" : now, timer: 0 });
    const offered = new Set([now]);
    for (const one of stored(form.dataset.keep)) {
      if (said(one.fields) === now) {
        if (!("keepUnsaved" in form.dataset)) localStorage.removeItem(one.key);
      } else if (!one.key.endsWith(`/${page}`) && !offered.has(said(one.fields))) {
        offered.add(said(one.fields));
        offer(form, one);
      }
    }
    if ("keepUnsaved" in form.dataset) keep(form);
  }

  function beginAll(root) {
    for (const done of root.querySelectorAll("[data-kept-done]")) forget(done.dataset.keptDone);
    if (root.matches("form[data-keep]")) begin(root);
    for (const form of root.querySelectorAll("form[data-keep]")) begin(form);
  }

  function formOf(event) {
    const form = event.target.form || (event.target.closest && event.target.closest("form"));
    return form && "keep" in form.dataset ? form : null;
  }

  function later(event) {
    const form = formOf(event);
    if (!form) return;
    begin(form);
    const state = forms.get(form);
    state.timer ||= setTimeout(keep, PAUSE, form);
  }

  function flush() {
    for (const form of document.querySelectorAll("form[data-keep]")) {
      if (forms.has(form) && forms.get(form).timer) keep(form);
    }
  }

  document.addEventListener("input", later);
  document.addEventListener("change", later);
  document.addEventListener("submit", (event) => {
    flush();
    const form = formOf(event);
    if (form) sessionStorage.setItem("keep/sent", prefixOf(form.dataset.keep) + page);
  }, true);
  window.addEventListener("pagehide", flush);
  document.addEventListener("visibilitychange", flush);
  document.addEventListener("htmx:beforeRequest", flush);
  document.addEventListener("htmx:load", (event) => beginAll(event.detail.elt));

  // Saved in the background: what the answer shows of the form is what the server has.
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest && event.target.closest("form[data-keep]");
    if (!form || !event.detail.successful || event.detail.requestConfig.verb === "get") return;
    const answer = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
    const same = [...answer.querySelectorAll("form[data-keep]")].find((one) => one.dataset.keep === form.dataset.keep);
    if (!same || !forms.has(form)) return;
    forms.get(form).saved = said(words(same));
    keep(form);
  });

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => beginAll(document.body));
  else beginAll(document.body);
}
