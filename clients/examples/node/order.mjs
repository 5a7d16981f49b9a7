// Buy something from Sutler and wait for it:  node order.mjs [product id [quantity]]     (Node 18 or newer)
//
// SUTLER_URL (such as https://shop.example), SUTLER_KEY and, if the key has one, SUTLER_SECRET come from the
// environment. What was bought goes to standard output, a JSON object a line; everything else to standard error.

import { createHmac, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const { SUTLER_URL, SUTLER_KEY, SUTLER_SECRET } = process.env;
if (!SUTLER_URL || !SUTLER_KEY) throw new Error("Set SUTLER_URL and SUTLER_KEY.");
const BASE = `${SUTLER_URL}/api/v1`;
const ATTEMPTS = 6;

// No answer, or one that says: not now. `seconds` is the pause that it asks for.
class TryAgain extends Error {
  constructor(reason, seconds = 0) {
    super(reason);
    this.seconds = seconds;
  }
}

// Send one request and return its answer. Throws TryAgain, or an Error when the answer says no.
async function ask(method, path, body, purchaseKey) {
  const headers = { "X-API-Key": SUTLER_KEY };
  if (method === "POST") {
    headers["Content-Type"] = "application/json";
    headers["Idempotency-Key"] = purchaseKey;
    if (SUTLER_SECRET) {
      // Each attempt is signed anew: a signature is good for one request, and for five minutes.
      const now = String(Math.floor(Date.now() / 1000));
      headers["X-Timestamp"] = now;
      headers["X-Signature"] = createHmac("sha256", SUTLER_SECRET).update(`${now}\n${body}`).digest("hex");
    }
  }
  let answer, text;
  try {
    // A redirect is not followed: the key would go along, wherever it leads.
    answer = await fetch(BASE + path, { method, headers, body, redirect: "manual", signal: AbortSignal.timeout(75_000) });
    text = await answer.text();
  } catch (lost) {
    throw new TryAgain(lost.cause?.message ?? lost.message);
  }
  const elsewhere = answer.headers.get("Location");
  if (elsewhere) throw new Error(`Look at SUTLER_URL: it leads on to ${elsewhere}`);
  if ([429, 500, 502, 503, 504].includes(answer.status)) {
    throw new TryAgain(`HTTP ${answer.status}`, Number(answer.headers.get("Retry-After")) || 0);
  }
  const document = JSON.parse(text);
  if (document.error) throw new Error(`${document.error}: ${document.message} (request ${document.request_id})`);
  return document;
}

// Send a request until it is answered. A purchase is safe to repeat: under one key it is made once.
async function insist(method, path, body, purchaseKey) {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      return await ask(method, path, body, purchaseKey);
    } catch (problem) {
      if (!(problem instanceof TryAgain)) throw problem;
      console.error(`${problem.message}; trying again ...`);
      await sleep(1000 * Math.max(2 ** attempt, problem.seconds));
    }
  }
  throw new Error("Sutler cannot be reached.");
}

// Return the order when it has ended: completed, partial, failed, expired, cancelled or refunded.
async function waitForEnd(order) {
  const path = `/orders/${order.order_id}`;
  try {
    while (order.status === "processing") order = await ask("GET", `${path}?wait=true&timeout=60`);
  } catch (problem) {
    if (!(problem instanceof TryAgain)) throw problem;
    // Some routers cut off what is silent for half a minute: ask every few seconds instead.
    while ((order = await insist("GET", path)).status === "processing") await sleep(5000);
  }
  return order;
}

const products = (await insist("GET", "/products?min_qty=1&page_size=5")).items;
for (const { id, name, price_usdt, min_quantity } of products) {
  console.error(`${id}: ${name}, ${price_usdt} USDT, from ${min_quantity}`);
}
const [productId = products[0].id, quantity = products[0].min_quantity] = process.argv.slice(2).map(Number);

// One key for one purchase. Store it with your own record of the purchase before you send anything: even after a
// crash you can then send the same request again, and get the same order.
const purchaseKey = randomUUID();
// It is in the body too: two equal bodies, signed within one second, would have one signature.
const body = JSON.stringify({ product_id: productId, quantity, client_reference: purchaseKey });

console.error(`Buying ${quantity} of ${productId}, with the reference ${purchaseKey} ...`);
const order = await waitForEnd(await insist("POST", "/orders", body, purchaseKey));
console.error(`Order ${order.order_id} is ${order.status}; ${order.refunded_usdt} USDT came back.`);
for (const item of order.items ?? []) console.log(JSON.stringify(item));
process.exitCode = ["completed", "partial"].includes(order.status) ? 0 : 1;
