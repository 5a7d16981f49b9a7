// Signs every POST of v1, if there is a secret: hex HMAC-SHA256 of time, line feed and body, byte for byte.
const { HmacSHA256 } = require("crypto-js");
const secret = pm.variables.get("secret");
if (secret && pm.request.method === "POST" && pm.request.url.getPath().startsWith("/api/v1/")) {
  const body = pm.variables.replaceIn((pm.request.body && pm.request.body.raw) || "");
  if (body) {
    pm.request.body.raw = body; // with its variables filled in, as it has been signed
  }
  const now = String(Math.floor(Date.now() / 1000));
  pm.request.headers.upsert({ key: "X-Timestamp", value: now });
  pm.request.headers.upsert({ key: "X-Signature", value: HmacSHA256(`${now}\n${body}`, secret).toString() });
}
