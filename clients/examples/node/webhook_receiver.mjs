// Receive Sutler's webhooks:  node webhook_receiver.mjs [port]
//
// SUTLER_SECRET, the secret of the key that places the orders, comes from the environment.

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const { SUTLER_SECRET } = process.env;
if (!SUTLER_SECRET) throw new Error("Set SUTLER_SECRET.");
const DRIFT_SECONDS = 300;

// Whether Sutler signed this body, not long ago. It must be the raw body: JSON written anew may differ.
function isGenuine(sentAt, signature, body) {
  const expected = Buffer.from(createHmac("sha256", SUTLER_SECRET).update(`${sentAt}\n`).update(body).digest("hex"));
  const given = Buffer.from(signature);
  // timingSafeEqual takes the same time wherever they differ, and wants equal lengths.
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
  return Math.abs(Date.now() / 1000 - Number(sentAt)) <= DRIFT_SECONDS;
}

// Answer 204 to a genuine message and 401 to others. Sutler sends again after 5xx, or if 10 s go by.
async function receive(request, response) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const body = Buffer.concat(pieces);
  const sentAt = request.headers["x-webhook-timestamp"] ?? "";
  const signature = request.headers["x-webhook-signature"] ?? "";
  if (!isGenuine(sentAt, signature, body)) {
    response.writeHead(401).end();
    return;
  }

  // A message may come more than once, under the same id: store the id, in a unique column for example, and act on it
  // once. If that takes long, store the message too, and act on it after the answer.
  const event = JSON.parse(body);
  console.log(request.headers["x-webhook-id"], event.order_id ?? event.topup_id, event.status);
  response.writeHead(204).end();
}

createServer((request, response) => {
  receive(request, response).catch((broken) => {
    console.error(broken.message);
    response.destroy();
  });
}).listen(Number(process.argv[2] ?? 9000), "127.0.0.1");
