// The inspector: checks the signatures of what came, with a secret that never leaves the tab.
(() => {
  "use strict";

  const UTF_8 = new TextEncoder();
  const DRIFT_SECONDS = 300;
  const secret = document.getElementById("secret");

  function bytesOf(base64) {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  }

  function fromHex(hex) {
    return Uint8Array.from(hex.match(/../g) || [], (pair) => parseInt(pair, 16));
  }

  /** Whether the signature is that of timestamp, line feed and body under the secret's text. */
  async function holds({ timestamp, signature, body }) {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", UTF_8.encode(secret.value.trim()), algorithm, false, ["verify"]);
    const signed = new Blob([`${timestamp}\n`, bytesOf(body)]);
    return crypto.subtle.verify("HMAC", key, fromHex(signature), await signed.arrayBuffer());
  }

  async function judge(delivery) {
    const { timestamp, signature, at } = delivery.dataset;
    if (!signature) {
      return ["", "It is not signed: the key has no secret."];
    }
    if (!secret.value.trim()) {
      return ["", "Paste the secret above to check the signature."];
    }
    if (!globalThis.crypto || !crypto.subtle) {
      return ["", "The browser checks signatures on https and localhost only."];
    }
    if (!(await holds(delivery.dataset))) {
      return ["bad", "The signature does not hold for this secret."];
    }
    if (Math.abs(Number(at) - Number(timestamp)) > DRIFT_SECONDS) {
      return ["bad", "The signature holds, but is too old to be believed."];
    }
    return ["good", "The signature holds."];
  }

  async function judgeAll() {
    for (const delivery of document.querySelectorAll(".delivery")) {
      const verdict = delivery.querySelector("[data-verdict]");
      const [kind, words] = await judge(delivery);
      verdict.className = `verdict ${kind}`;
      verdict.textContent = words;
    }
    for (const time of document.querySelectorAll("time[data-epoch]")) {
      time.textContent = new Date(Number(time.dataset.epoch) * 1000).toLocaleTimeString();
    }
  }

  secret.addEventListener("input", judgeAll);
  document.addEventListener("htmx:load", judgeAll);
  judgeAll();
})();
