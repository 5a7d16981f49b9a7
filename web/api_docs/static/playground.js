// The playground: puts the keys that were typed into the requests, and signs them. Nothing of it is stored.
(() => {
  "use strict";

  const UTF_8 = new TextEncoder();
  const field = (id) => document.getElementById(id).value.trim();

  function hex(bytes) {
    return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** Hex HMAC-SHA256, keyed with the secret's text, of the timestamp, a line feed and the body. */
  async function signature(secret, timestamp, body) {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", UTF_8.encode(secret), algorithm, false, ["sign"]);
    return hex(await crypto.subtle.sign("HMAC", key, UTF_8.encode(`${timestamp}\n${body}`)));
  }

  /** Called by Swagger UI with a request that is about to be sent. Its body is text, and goes out as it is. */
  async function authenticate(request) {
    const { pathname, origin } = new URL(request.url, location.href);
    if (origin !== location.origin) {
      // PUBLIC_URL names another host than the one that this page came from: stay with the latter.
      request.url = location.origin + request.url.slice(origin.length);
    }
    if (/^\/api\/v[12]\//.test(pathname)) {
      // What was there is of an earlier request; and should this one break, nobody calls tell().
      document.getElementById("last-answer").textContent = `${pathname}: no answer yet`;
      document.getElementById("last-answer").className = "";
      document.getElementById("rate").hidden = true;
    }
    if (pathname.startsWith("/api/v2/") && field("v2-key")) {
      request.headers.Authorization = `Bearer ${field("v2-key")}`;
    }
    if (pathname.startsWith("/api/v1/") && field("v1-key")) {
      request.headers["X-API-Key"] = field("v1-key");
      if (request.method.toUpperCase() === "POST" && field("v1-secret")) {
        const timestamp = String(Math.floor(Date.now() / 1000));
        request.headers["X-Timestamp"] = timestamp;
        request.headers["X-Signature"] = await signature(field("v1-secret"), timestamp, request.body || "");
      }
    }
    return request;
  }

  function tell(answer) {
    const { pathname } = new URL(answer.url, location.href);
    if (!/^\/api\/v[12]\//.test(pathname)) {
      return answer; // the document itself
    }
    const last = document.getElementById("last-answer");
    const error = answer.body && answer.body.error ? `, ${answer.body.error}` : "";
    const replayed = answer.headers["idempotent-replayed"] ? ", the first answer again" : "";
    last.textContent = `${pathname}: ${answer.status}${error}${replayed}`;
    last.className = answer.status < 400 ? "good" : "bad";
    const left = answer.headers["ratelimit-remaining"];
    document.getElementById("rate").hidden = left === undefined;
    if (left !== undefined) {
      const meter = document.getElementById("rate-meter");
      meter.max = Number(answer.headers["ratelimit-limit"]);
      meter.value = Number(left);
      document.getElementById("rate-text").textContent =
        `${left} of ${meter.max}; one more in ${answer.headers["ratelimit-reset"]} s`;
    }
    return answer;
  }

  // What we do in the form above, Swagger UI would ask for once more: one header at a time, signatures by hand.
  const withoutAuthorization = () => ({
    wrapComponents: { authorizeBtn: () => () => null, authorizeOperationBtn: () => () => null },
  });

  /** Swagger UI is dark where its root element says so. */
  function followScheme() {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
    dark.addEventListener("change", follow);
    follow();
  }

  /** Opens the operation that the address names, and shows it. */
  function openNamed() {
    const name = decodeURIComponent(location.hash.slice(1));
    const operation = name && document.querySelector(`.opblock[id$="-${CSS.escape(name)}"]`);
    if (operation) {
      if (!operation.classList.contains("is-open")) {
        operation.querySelector(".opblock-summary-control").click();
      }
      operation.scrollIntoView();
    }
  }

  /** Swagger UI gives these fields no names. */
  function nameFields() {
    for (const body of document.querySelectorAll("textarea.body-param__text:not([aria-label])")) {
      body.setAttribute("aria-label", "Request body");
    }
    for (const choice of document.querySelectorAll("[data-param-name] select:not([aria-label])")) {
      choice.setAttribute("aria-label", choice.closest("[data-param-name]").dataset.paramName);
    }
  }

  document.getElementById("credentials").addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("no-crypto").hidden = Boolean(globalThis.crypto && crypto.subtle);
  followScheme();
  new MutationObserver(nameFields).observe(document.getElementById("swagger-ui"), { childList: true, subtree: true });
  window.SwaggerUIBundle({
    dom_id: "#swagger-ui",
    url: document.getElementById("swagger-ui").dataset.document,
    plugins: [withoutAuthorization],
    docExpansion: "list",
    defaultModelsExpandDepth: -1,
    displayRequestDuration: true,
    tryItOutEnabled: false,
    validatorUrl: null,
    syntaxHighlight: { theme: "tomorrow-night" },
    showMutatedRequest: true,
    requestInterceptor: authenticate,
    responseInterceptor: tell,
    onComplete: openNamed,
  });
  addEventListener("hashchange", openNamed);
})();
