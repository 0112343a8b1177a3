// Topics: the list of them above a topic's pages, and the fields of a topic's settings.
"use strict";

// Found by typing, left by Escape or a click elsewhere.

for (const list of document.querySelectorAll("details.switch")) {
  const find = list.querySelector("input");
  const rows = [...list.querySelectorAll("li")];
  find.hidden = rows.length < 8;
  list.addEventListener("toggle", () => {
    if (list.open) (find.hidden ? rows[0].firstElementChild : find).focus();
  });
  find.addEventListener("input", () => {
    const wanted = find.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
  list.addEventListener("keydown", (event) => {
    const links = rows.filter((row) => !row.hidden).map((row) => row.firstElementChild);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") {
      list.open = false;
      list.querySelector("summary").focus();
    } else if (event.key === "Enter" && event.target === find && links.length) {
      links[0].click();
    } else if (step && list.open && links.length) {
      const at = links.indexOf(document.activeElement);
      links[Math.max(0, Math.min(links.length - 1, at + step))].focus();
    } else {
      return;
    }
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (!list.contains(event.target)) list.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.key !== "o" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
    if (localStorage.getItem("desk-shortcuts") === "off") return;
    event.preventDefault();
    list.open = true;
  });
}

// On a phone the page one is at may stand beyond the edge.
{
  const here = document.querySelector(".places [aria-current]");
  if (here) here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 40;
}

// A colour is picked or written; the one follows the other.
for (const pick of document.querySelectorAll("[data-mirrors]")) {
  const field = document.getElementById(pick.dataset.mirrors);
  pick.hidden = false;
  pick.disabled = field.matches(":disabled");
  pick.addEventListener("input", () => {
    field.value = pick.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  field.addEventListener("input", () => {
    if (/^#[0-9a-f]{6}$/i.test(field.value)) pick.value = field.value;
  });
}

// What is wanted only where another field changes appears when it does.
for (const part of document.querySelectorAll("[data-when-changed]")) {
  const field = document.getElementById(part.dataset.whenChanged);
  const follow = () => { part.hidden = field.value === field.defaultValue; };
  field.addEventListener("input", follow);
  follow();
}

// Due times, in the viewer's own zone too, where its clock shows another time.
{
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const place = zone.split("/").pop().replaceAll("_", " ");
  const words = new Intl.DateTimeFormat("en-GB", {
    weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
  });
  const show = (root) => {
    for (const part of root.querySelectorAll("[data-here]")) {
      const time = part.querySelector("time");
      const said = words.format(new Date(time.dateTime)).replace(",", "");
      const others = [...part.parentElement.querySelectorAll("time")].filter((other) => !part.contains(other));
      time.textContent = `${said} ${place}`;
      part.hidden = others.some((other) => other.textContent.trim().startsWith(said));
    }
  };
  document.addEventListener("htmx:afterSwap", (event) => show(event.target));
  document.addEventListener("htmx:oobAfterSwap", (event) => show(event.target));
  show(document);
}

// What comes later finds the room that it took the last time.
{
  const room = (part) => `height of ${part.id}`;
  for (const part of document.querySelectorAll("[data-keeps-height]")) {
    const height = sessionStorage.getItem(room(part));
    if (height) part.style.minHeight = `${height}px`;
  }
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    const part = document.getElementById(event.detail.target.id);
    if (part?.matches("[data-keeps-height]")) sessionStorage.setItem(room(part), part.offsetHeight);
  });
}
