<?php
// Buy something from Sutler and wait for it:  php order.php [product id [quantity]]     (PHP 8 with its curl extension)
//
// SUTLER_URL (such as https://shop.example), SUTLER_KEY and, if the key has one, SUTLER_SECRET come from the
// environment. What was bought goes to standard output, a JSON object a line; everything else to standard error.

declare(strict_types=1);

const ATTEMPTS = 6;

/** No answer, or one that says: not now. Its code is the pause in seconds that it asks for. */
class TryAgain extends Exception
{
}

/** An answer that says no. */
class Refused extends Exception
{
}

/** Send one request and return its answer. Throws TryAgain and Refused. */
function ask(string $method, string $path, string $body = '', string $purchaseKey = ''): array
{
    $headers = ['X-API-Key: ' . getenv('SUTLER_KEY')];
    if ($method === 'POST') {
        $headers[] = 'Content-Type: application/json';
        $headers[] = "Idempotency-Key: $purchaseKey";
        if ($secret = getenv('SUTLER_SECRET')) {
            // Each attempt is signed anew: a signature is good for one request, and for five minutes.
            $now = (string) time();
            $headers[] = "X-Timestamp: $now";
            $headers[] = 'X-Signature: ' . hash_hmac('sha256', "$now\n$body", $secret);
        }
    }
    $pause = 0;
    $request = curl_init(getenv('SUTLER_URL') . "/api/v1$path");
    curl_setopt_array($request, [
        CURLOPT_HTTPHEADER => $headers,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 75,
        CURLOPT_HEADERFUNCTION => function ($request, string $line) use (&$pause): int {
            if (stripos($line, 'Retry-After:') === 0) {
                $pause = (int) substr($line, strlen('Retry-After:'));
            }
            return strlen($line);
        },
    ]);
    if ($method === 'POST') {
        curl_setopt($request, CURLOPT_POSTFIELDS, $body);
    }
    $text = curl_exec($request);
    if ($text === false) {
        throw new TryAgain(curl_error($request));
    }
    $status = curl_getinfo($request, CURLINFO_RESPONSE_CODE);
    if (in_array($status, [429, 500, 502, 503, 504], true)) {
        throw new TryAgain("HTTP $status", $pause);
    }
    if ($elsewhere = curl_getinfo($request, CURLINFO_REDIRECT_URL)) { // not followed: the key would go along
        throw new Refused("Look at SUTLER_URL: it leads on to $elsewhere");
    }
    $document = json_decode($text, true, flags: JSON_THROW_ON_ERROR);
    if (isset($document['error'])) {
        throw new Refused("$document[error]: $document[message] (request $document[request_id])");
    }
    return $document;
}

/** Send a request until it is answered. A purchase is safe to repeat: under one key it is made once. */
function insist(string $method, string $path, string $body = '', string $purchaseKey = ''): array
{
    for ($attempt = 0; $attempt < ATTEMPTS; $attempt++) {
        try {
            return ask($method, $path, $body, $purchaseKey);
        } catch (TryAgain $problem) {
            say($problem->getMessage() . '; trying again ...');
            sleep(max(2 ** $attempt, $problem->getCode()));
        }
    }
    throw new Refused('Sutler cannot be reached.');
}

/** Return the order when it has ended: completed, partial, failed, expired, cancelled or refunded. */
function waitForEnd(array $order): array
{
    $path = "/orders/$order[order_id]";
    try {
        while ($order['status'] === 'processing') {
            $order = ask('GET', "$path?wait=true&timeout=60");
        }
    } catch (TryAgain) {
        // Some routers cut off what is silent for half a minute: ask every few seconds instead.
        while (($order = insist('GET', $path))['status'] === 'processing') {
            sleep(5);
        }
    }
    return $order;
}

/** Tell the person who watches. */
function say(string $text): void
{
    fwrite(STDERR, "$text\n");
}

try {
    $products = insist('GET', '/products?min_qty=1&page_size=5')['items'];
    foreach ($products as $product) {
        say("$product[id]: $product[name], $product[price_usdt] USDT, from $product[min_quantity]");
    }
    $productId = (int) ($argv[1] ?? $products[0]['id']);
    $quantity = (int) ($argv[2] ?? $products[0]['min_quantity']);

    // One key for one purchase. Store it with your own record of the purchase before you send anything: even after a
    // crash you can then send the same request again, and get the same order.
    $purchaseKey = bin2hex(random_bytes(16));
    // It is in the body too: two equal bodies, signed within one second, would have one signature.
    $body = json_encode(['product_id' => $productId, 'quantity' => $quantity, 'client_reference' => $purchaseKey]);

    say("Buying $quantity of $productId, with the reference $purchaseKey ...");
    $order = waitForEnd(insist('POST', '/orders', $body, $purchaseKey));
} catch (Refused $problem) {
    say($problem->getMessage());
    exit(1);
}
say("Order $order[order_id] is $order[status]; $order[refunded_usdt] USDT came back.");
foreach ($order['items'] ?? [] as $item) {
    echo json_encode($item, JSON_UNESCAPED_UNICODE), "\n";
}
exit(in_array($order['status'], ['completed', 'partial'], true) ? 0 : 1);
