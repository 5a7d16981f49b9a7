<?php
// Receive Sutler's webhooks:  php -S 127.0.0.1:9000 webhook_receiver.php     (or behind any other web server)
//
// SUTLER_SECRET, the secret of the key that places the orders, comes from the environment.

declare(strict_types=1);

const DRIFT_SECONDS = 300;

/** Whether Sutler signed this body, not long ago. It must be the raw body: JSON written anew may differ. */
function isGenuine(string $secret, string $sentAt, string $signature, string $body): bool
{
    $expected = hash_hmac('sha256', "$sentAt\n$body", $secret);
    if (!hash_equals($expected, $signature)) { // takes the same time wherever they differ
        return false;
    }
    return abs(time() - (int) $sentAt) <= DRIFT_SECONDS;
}

// Answer 204 to a genuine message and 401 to others. Sutler sends again after 5xx, or if 10 s go by.
$secret = getenv('SUTLER_SECRET');
if (!$secret) {
    http_response_code(500); // without a secret everybody could sign
    exit;
}
$body = file_get_contents('php://input');
$sentAt = $_SERVER['HTTP_X_WEBHOOK_TIMESTAMP'] ?? '';
$signature = $_SERVER['HTTP_X_WEBHOOK_SIGNATURE'] ?? '';
if (!isGenuine($secret, $sentAt, $signature, $body)) {
    http_response_code(401);
    exit;
}

// A message may come more than once, under the same id: store the id, in a unique column for example, and act on it
// once. If that takes long, store the message too, and act on it after the answer.
$webhookId = $_SERVER['HTTP_X_WEBHOOK_ID'];
$event = json_decode($body, true, flags: JSON_THROW_ON_ERROR);
error_log("$webhookId " . ($event['order_id'] ?? $event['topup_id']) . " $event[status]");
http_response_code(204);
