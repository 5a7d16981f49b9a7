import { createHmac } from "node:crypto";

export function sign(secret, timestamp, body) {
  return createHmac("sha256", secret).update(`${timestamp}\n${body}`).digest("hex");
}
