// Says in words when a change did not reach the server; what is on the page stays.
"use strict";

function tell(words) {
  const place = document.querySelector(".notices");
  if (!place) return;
  const notice = document.createElement("p");
  notice.className = "notice bad";
  notice.textContent = words;
  place.replaceChildren(notice);
  place.scrollIntoView({ block: "nearest" });
}

// A page that looks how things stand (GET) has nothing to lose, and the next look may succeed.
const didSomething = (event) => event.detail.requestConfig.verb !== "get";

document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (!didSomething(event)) return;
  if (status === 401 || status === 403) {
    tell("That was not done: you are signed out, or may not do it. Sign in in another tab, then try again; nothing you typed here is lost.");
  } else if (status >= 500) {
    tell("That was not done: something broke on the server. Try again in a minute; nothing you typed here is lost.");
  } else {
    tell("That was not done: what it was about is gone. Load the page again to see how things stand.");
  }
});
document.addEventListener("htmx:sendError", (event) => {
  if (didSomething(event)) tell("That was not done: the server can’t be reached. Try again in a minute; nothing you typed here is lost.");
});

// Copies what stands in a field; without a script one marks it and copies by hand.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    const said = button.parentElement.querySelector("[data-copied]");
    try {
      await navigator.clipboard.writeText(field.value);
      said.textContent = "Copied.";
    } catch {
      field.select();
      said.textContent = "Press Ctrl-C: the browser lets no page copy.";
    }
  });
}
