// The Mini App: Telegram's colours, its word for who the visitor is, and a sign that the page is there.
// It runs before the page is drawn, so that the page appears in the right colours at once.
(() => {
  "use strict";

  const KEPT = "telegram";
  const CLIENT = "https://web.telegram.org";
  const root = document.documentElement;

  /**
   * Whether Telegram shows the page: its apps add an object of theirs, its web client has us in a frame. Anybody can
   * make a link to us with words that Telegram has signed for himself; in a browser, it would sign others in as him,
   * and what they top up would be his.
   */
  function isInTelegram() {
    return "TelegramWebviewProxy" in window || window.parent !== window;
  }

  /** What Telegram put behind the # of our address; what outlives a page is kept for this tab. */
  function launchParameters() {
    if (!isInTelegram()) {
      return {};
    }
    const given = new URLSearchParams(location.hash.slice(1));
    if (!given.has("tgWebAppPlatform") && !given.has("tgWebAppData")) {
      return { ...JSON.parse(sessionStorage.getItem(KEPT) || "{}"), initData: "" };
    }
    const kept = { platform: given.get("tgWebAppPlatform"), theme: asObject(given.get("tgWebAppThemeParams")) };
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
    // Whoever copies the address, or goes back to it, must not give the sign-in away or repeat it.
    history.replaceState(null, "", location.pathname + location.search);
    const [initData, ...others] = given.getAll("tgWebAppData");
    return { ...kept, initData: others.length ? "" : initData || "" };
  }

  function asObject(text) {
    try {
      return Object(JSON.parse(text));
    } catch {
      return {};
    }
  }

  function isDark(colour) {
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
    return red * 0.299 + green * 0.587 + blue * 0.114 < 128;
  }

  function wear(theme) {
    const colours = Object.entries(theme).filter(
      ([name, colour]) => /^[a-z_]{1,40}$/.test(name) && /^#[0-9a-f]{6}$/i.test(colour),
    );
    for (const [name, colour] of colours) {
      root.style.setProperty(`--tg-${name.replaceAll("_", "-")}`, colour);
    }
    const background = colours.find(([name]) => name === "bg_color");
    if (background) {
      root.dataset.theme = isDark(background[1]) ? "dark" : "light";
      root.dataset.telegram = "";
    }
  }

  function tell(event, data = {}) {
    if (window.TelegramWebviewProxy) {
      window.TelegramWebviewProxy.postEvent(event, JSON.stringify(data));
    } else if (window.parent !== window) {
      window.parent.postMessage(JSON.stringify({ eventType: event, eventData: data }), CLIENT);
    }
  }

  function hear(event, data) {
    if (event === "theme_changed" && data && data.theme_params) {
      wear(data.theme_params);
    }
  }

  function signedInAs(initData) {
    return String(asObject(new URLSearchParams(initData).get("user")).id || "");
  }

  /** Sign in with what Telegram has signed, unless this very user is signed in already. */
  async function signIn(initData) {
    if (!initData || document.body.dataset.telegramUser === signedInAs(initData)) {
      return;
    }
    const form = document.querySelector("[data-telegram-sign-in]");
    const wait = document.querySelector(".telegram-wait");
    if (form) {
      form.classList.add("is-signing-in");
      wait.hidden = false;
    }
    const framed = window.parent === window ? "" : "1";
    const answer = await fetch("/dashboard/telegram", {
      method: "POST",
      body: new URLSearchParams({ init_data: initData, framed }),
    }).catch(() => null);
    if (answer && answer.ok) {
      location.replace(form ? form.dataset.next || "/dashboard" : location.pathname);
    } else if (form) {
      form.classList.remove("is-signing-in");
      wait.textContent = wait.dataset.failed;
    }
  }

  const launch = launchParameters();
  if (!launch.platform) {
    return;
  }
  wear(launch.theme || {});
  // Telegram's own apps call this; its web client sends messages.
  window.Telegram = { WebView: { receiveEvent: hear } };
  window.addEventListener("message", (message) => {
    if (message.origin === CLIENT && message.source === window.parent) {
      const { eventType, eventData } = asObject(message.data);
      hear(eventType, eventData);
    }
  });
  document.addEventListener("DOMContentLoaded", () => {
    tell("web_app_ready");
    tell("web_app_expand");
    signIn(launch.initData);
  });
})();
