// Puts usual rules into the form, and writes the rule from days and a time.
"use strict";

document.addEventListener("click", (event) => {
  const preset = event.target.closest("[data-cron]");
  if (!preset) return;
  event.preventDefault();
  const rule = document.getElementById("cron");
  rule.value = preset.dataset.cron;
  rule.dispatchEvent(new Event("input", { bubbles: true }));
});

{
  const rule = document.getElementById("cron");
  const words = document.getElementById("in-words");
  const at = words.querySelector("input[type=time]");
  const days = [...words.querySelectorAll("input[type=checkbox]")];

  // The days that a field of cron names; none where it says more than days and ranges of them.
  const named = (text) => {
    if (text === "*") return days.map((day) => day.value);
    if (!/^[0-7](-[0-7])?(,[0-7](-[0-7])?)*$/.test(text)) return null;
    return text.split(",").flatMap((part) => {
      const [first, last = first] = part.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, n) => String((first + n) % 7));
    });
  };
  const read = () => {
    const [minute, hour, date, month, weekday, more] = rule.value.trim().split(/\s+/);
    const picked = date === "*" && month === "*" && !more && weekday ? named(weekday) : null;
    const known = picked && /^\d+$/.test(minute) && /^\d+$/.test(hour);
    for (const day of days) day.checked = Boolean(known) && picked.includes(day.value);
    if (known) at.value = `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  };
  words.addEventListener("input", (event) => {
    event.stopPropagation();
    const picked = days.filter((day) => day.checked).map((day) => day.value);
    if (!picked.length || !at.value) return;
    const [hour, minute] = at.value.split(":").map(Number);
    const all = picked.length === 7 ? "*" : picked.join(",") === "1,2,3,4,5" ? "1-5" : picked.join(",");
    rule.value = `${minute} ${hour} * * ${all}`;
    rule.dispatchEvent(new Event("input", { bubbles: true }));
  });
  rule.addEventListener("input", read);
  words.hidden = false;
  read();
}
