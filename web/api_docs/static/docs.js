// The documentation's page: copying, tabs of languages, the place in the contents, the playground on demand.
(() => {
  "use strict";

  document.documentElement.classList.add("has-script");

  function prepareCopying() {
    for (const button of document.querySelectorAll(".code .copy")) {
      button.hidden = !navigator.clipboard;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(button.closest(".code").querySelector("code").textContent);
        button.textContent = "Copied";
        setTimeout(() => (button.textContent = "Copy"), 2000);
      });
    }
  }

  /** Makes tabs of the programs of one group: sections with a title each. */
  function makeTabs(group, number) {
    const panels = [...group.querySelectorAll(":scope > .tab")];
    const list = document.createElement("div");
    list.className = "tablist";
    list.setAttribute("role", "tablist");
    list.setAttribute("aria-label", group.dataset.about);
    panels.forEach((panel, place) => {
      const tab = document.createElement("button");
      Object.assign(tab, { type: "button", id: `tab-${number}-${place}`, textContent: panel.dataset.title });
      panel.id = `panel-${number}-${place}`;
      panel.querySelector("h4").hidden = true;
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panel.id);
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tab.id);
      list.append(tab);
    });
    list.addEventListener("click", (event) => event.target.role === "tab" && chooseEverywhere(event.target));
    list.addEventListener("keydown", moveAlong);
    group.prepend(list);
    select(list, list.firstChild);
  }

  function select(list, chosen) {
    for (const tab of list.children) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !isChosen;
    }
  }

  /** Who reads Go here reads Go there; what he looks at stays where it is. */
  function chooseEverywhere(chosen) {
    const before = chosen.getBoundingClientRect().top;
    for (const list of document.querySelectorAll(".tablist")) {
      const same = [...list.children].find((tab) => tab.textContent === chosen.textContent);
      if (same) {
        select(list, same);
      }
    }
    window.scrollBy({ top: chosen.getBoundingClientRect().top - before, behavior: "instant" });
  }

  function moveAlong(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      const tabs = [...event.currentTarget.children];
      const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
      next.focus();
      chooseEverywhere(next);
      event.preventDefault();
    }
  }

  function prepareContents() {
    const menu = document.querySelector(".menu");
    const contents = document.getElementById("contents");
    if (!contents) {
      return;
    }
    const open = (isOpen) => {
      contents.classList.toggle("is-open", isOpen);
      menu.setAttribute("aria-expanded", String(isOpen));
    };
    menu.hidden = false;
    menu.addEventListener("click", () => open(!contents.classList.contains("is-open")));
    contents.addEventListener("click", (event) => event.target.closest("a") && open(false));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && contents.classList.contains("is-open")) {
        open(false);
        menu.focus();
      }
    });
    followReader(contents);
  }

  /** Marks the section that the reader is in. */
  function followReader(contents) {
    const links = new Map([...contents.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
    const sections = [...document.querySelectorAll("main > section[id]")];
    const mark = () => {
      const here = sections.findLast((section) => section.getBoundingClientRect().top < innerHeight / 3);
      links.forEach((link, id) => {
        const isHere = Boolean(here) && id === here.id;
        if (isHere !== link.hasAttribute("aria-current")) {
          link.toggleAttribute("aria-current", isHere);
          if (isHere && contents.scrollHeight > contents.clientHeight) {
            contents.scrollTop = link.offsetTop - contents.clientHeight / 2;
          }
        }
      });
    };
    let isAsked = false;
    document.addEventListener("scroll", () => {
      if (!isAsked) {
        isAsked = true;
        requestAnimationFrame(() => {
          isAsked = false;
          mark();
        });
      }
    }, { passive: true });
    mark();
  }

  /** The playground is large: it is loaded when it is opened. */
  function preparePlayground() {
    const details = document.getElementById("try");
    details?.addEventListener("toggle", () => {
      const place = details.querySelector("[data-playground]");
      if (details.open && !place.firstChild) {
        const frame = document.createElement("iframe");
        Object.assign(frame, { src: place.dataset.playground, title: "Playground" });
        place.append(frame);
      }
    });
  }

  /** A table that is wider than the window is moved by keys, too. */
  function markWideTables() {
    for (const table of document.querySelectorAll(".table")) {
      const isWide = table.scrollWidth > table.clientWidth;
      if (isWide) {
        table.tabIndex = 0;
        table.setAttribute("role", "region");
        table.setAttribute("aria-label", table.querySelector("caption").textContent);
      } else {
        ["tabindex", "role", "aria-label"].forEach((name) => table.removeAttribute(name));
      }
    }
  }

  prepareCopying();
  document.querySelectorAll(".tabs").forEach(makeTabs);
  prepareContents();
  preparePlayground();
  markWideTables();
  addEventListener("resize", markWideTables);
})();
