// What a page cannot do by itself: local times, countdowns, copying, and a word when htmx could not reach us.
(() => {
  "use strict";

  const language = document.documentElement.lang;
  const localTime = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  // The visitor's clock may be wrong; the page says what time it was when it was made.
  const clockIsOff = Date.now() / 1000 - Number(document.documentElement.dataset.now);

  function within(place, selector) {
    return [...(place.matches(selector) ? [place] : []), ...place.querySelectorAll(selector)];
  }

  /** A time in the visitor's own zone, with the exact one on demand. */
  function showLocally(time) {
    const moment = new Date(Number(time.dataset.epoch) * 1000);
    time.textContent = localTime.format(moment);
    time.title = moment.toISOString();
  }

  function twoDigits(number) {
    return String(number).padStart(2, "0");
  }

  /** [data-countdown="epoch seconds"] shows what is left as h:mm:ss; at the end data-over, if it is there. */
  function count(element) {
    const left = Math.max(0, Math.round(Number(element.dataset.countdown) - (Date.now() / 1000 - clockIsOff)));
    const hours = Math.floor(left / 3600);
    const minutes = Math.floor(left / 60) % 60;
    const clock = `${hours ? `${hours}:${twoDigits(minutes)}` : minutes}:${twoDigits(left % 60)}`;
    element.textContent = left === 0 && element.dataset.over ? element.dataset.over : clock;
  }

  function prepare(place) {
    within(place, "time[data-epoch]").forEach(showLocally);
    within(place, "[data-countdown]").forEach(count);
    const first = place.querySelector("[data-focus]");
    if (first) {
      first.focus();
    }
  }

  async function copy(button) {
    const text = button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      copyTheOldWay(text); // a frame may not have the right to the clipboard
    }
    const label = button.dataset.label || button.textContent;
    button.dataset.label = label;
    button.textContent = button.dataset.copied;
    setTimeout(() => (button.textContent = label), 2000);
  }

  function copyTheOldWay(text) {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "off-screen";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }

  function sayThatItFailed(event) {
    if (event.detail.elt.closest("[data-poll]") === event.detail.elt) {
      return; // it will be asked for again
    }
    const failed = document.getElementById("failed");
    failed.textContent = document.body.dataset.failed;
    failed.hidden = false;
    setTimeout(() => (failed.hidden = true), 8000);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) {
      copy(button);
    }
    for (const menu of document.querySelectorAll("details.more[open]")) {
      menu.open = menu.contains(event.target);
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.more[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  // A form that is sent twice by an impatient finger is sent once.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[hx-post]")) {
      setTimeout(() => event.target.querySelectorAll("button").forEach((button) => (button.disabled = true)));
    }
  });
  // The browser may show a page of before, when the visitor goes back to it: with its buttons as they were left.
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form button:disabled").forEach((button) => (button.disabled = false));
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.elt.matches("[data-poll]")) {
      event.preventDefault(); // nobody looks; it is asked for again when its time comes
    }
  });
  document.addEventListener("htmx:responseError", sayThatItFailed);
  document.addEventListener("htmx:sendError", sayThatItFailed);
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
  setInterval(() => document.querySelectorAll("[data-countdown]").forEach(count), 1000);
})();
