// The form of a briefing: rows that move, footnotes that number themselves, a preview that follows.
// Without it, the same buttons send the form and it comes back so changed.
"use strict";

{
  const form = document.getElementById("briefing");
  const said = document.getElementById("row-said");

  // ---- rows ----

  function addRow(list, focus) {
    const template = document.querySelector(`template[data-row="${list.dataset.rows}"]`);
    list.append(template.content.cloneNode(true));
    number(list);
    if (focus) list.lastElementChild.querySelector("input, textarea").focus();
  }

  function number(list) {
    [...list.children].forEach((row, at) => {
      for (const tool of row.querySelectorAll("[data-noun]")) {
        const [name, , act] = tool.value.split(".");
        tool.value = `${name}.${at}.${act}`;
        const words = { up: "Move up", down: "Move down", remove: "Remove" };
        tool.setAttribute("aria-label", `${words[act]}: ${tool.dataset.noun} ${at + 1}`);
      }
    });
  }

  function rearrange(button) {
    const row = button.closest("li");
    const list = row.parentElement;
    const act = button.value.split(".")[2];
    const next = act === "up" ? row.previousElementSibling : row.nextElementSibling;
    if (act === "remove") {
      const near = row.nextElementSibling || row.previousElementSibling;
      row.remove();
      if (near) near.querySelector("[value$=remove]").focus();
      else addRow(list, true);
    } else if (next) {
      if (act === "up") next.before(row);
      else next.after(row);
      button.focus();
    }
    number(list);
    const place = [...list.children].indexOf(row) + 1;
    said.textContent = act === "remove" ? `Removed; ${list.children.length} are left.` : `Now ${place} of ${list.children.length}.`;
    changed();
  }

  function changed() {
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=more]");
    if (!button) return;
    event.preventDefault();
    const list = document.getElementById(`rows-${button.value}`);
    if (list) addRow(list, true);
    else rearrange(button);
  });

  // What is put back (keep.js) may have more rows than the page.
  form.addEventListener("keep:rows", (event) => {
    for (const list of form.querySelectorAll("[data-rows]")) {
      const wanted = Math.max(...Object.entries(event.detail).map(([name, count]) => (name.startsWith(`${list.dataset.rows}.`) ? count : 0)), 0);
      while (list.children.length < wanted) addRow(list, false);
    }
  });

  // ---- footnotes ----

  const insert = form.querySelector("[data-footnote]");
  const body = document.getElementById("body");
  insert.hidden = false;
  insert.addEventListener("click", () => {
    const labels = [...body.value.matchAll(/\[\^(\d+)\]/g)].map((mark) => Number(mark[1]));
    const label = Math.max(0, ...labels) + 1;
    const at = body.selectionEnd;
    const marked = `${body.value.slice(0, at)}[^${label}]${body.value.slice(at)}`.trimEnd();
    const notes = /\n\[\^[^\]]+\]:[^\n]*$/.test(marked);
    body.value = `${marked}${notes ? "\n" : "\n\n"}[^${label}]: `;
    body.focus();
    body.setSelectionRange(body.value.length, body.value.length);
    body.scrollTop = body.scrollHeight;
    changed();
  });

  // ---- the preview: the next one is loaded behind the one that is shown ----

  const holder = document.querySelector(".story-frame");
  const tabs = document.querySelectorAll("[data-depth]");
  let depth = "lead";

  function refresh() {
    const old = holder.querySelector("iframe:not(.coming)");
    for (const late of holder.querySelectorAll("iframe.coming")) late.remove();
    const coming = old.cloneNode(false);
    coming.classList.add("coming");
    coming.src = `${document.getElementById("preview-at").textContent.trim()}?depth=${depth}&at=${Date.now()}`;
    coming.addEventListener("load", () => {
      if (!coming.isConnected) return;
      old.remove();
      coming.classList.remove("coming");
    }, { once: true });
    holder.append(coming);
  }

  for (const tab of tabs) {
    tab.addEventListener("click", (event) => {
      event.preventDefault();
      depth = tab.dataset.depth;
      for (const one of tabs) one.removeAttribute("aria-current");
      tab.setAttribute("aria-current", "true");
      refresh();
    });
  }

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.target.id === "typing" && event.detail.successful) refresh();
    if (event.target.id === "typing" && !event.detail.successful) {
      document.getElementById("kept-said").textContent = "Not kept by the server; your browser keeps it";
    }
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "picture") changed();
  });
}
