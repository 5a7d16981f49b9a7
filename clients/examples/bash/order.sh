#!/usr/bin/env bash
# Buy something from Sutler and wait for it:  ./order.sh [product id [quantity]]     (with curl, openssl and jq)
#
# SUTLER_URL (such as https://shop.example), SUTLER_KEY and, if the key has one, SUTLER_SECRET come from the
# environment. What was bought goes to standard output, a JSON object a line; everything else to standard error.
# openssl takes the secret as an argument, which other users of this machine can see while it runs.
set -euo pipefail

base="${SUTLER_URL:?}/api/v1"
: "${SUTLER_KEY:?}"
attempts=6
headers=$(mktemp)
trap 'rm -f "$headers"' EXIT

# ask METHOD PATH [BODY KEY]: send one request and print its answer. Returns 1 if there is none, or one that says: not
# now; and 2 if it says no.
ask() {
    local method=$1 path=$2 body=${3:-} purchase_key=${4:-} now signature answer status
    local options=(--silent --show-error --max-time 75 --dump-header "$headers" --header "X-API-Key: $SUTLER_KEY")
    if [[ $method == POST ]]; then
        options+=(--header 'Content-Type: application/json' --header "Idempotency-Key: $purchase_key" --data-raw "$body")
        if [[ -n ${SUTLER_SECRET:-} ]]; then
            # Each attempt is signed anew: a signature is good for one request, and for five minutes.
            now=$(date +%s)
            signature=$(printf '%s\n%s' "$now" "$body" | openssl dgst -sha256 -hmac "$SUTLER_SECRET" -r)
            options+=(--header "X-Timestamp: $now" --header "X-Signature: ${signature%% *}")
        fi
    fi
    : >"$headers"
    answer=$(curl "${options[@]}" "$base$path") || return 1
    status=$(awk 'NR == 1 { print $2 }' "$headers")
    [[ ! $status =~ ^(429|500|502|503|504)$ ]] || return 1
    if [[ $status == 3* ]]; then # not followed: the key would go along
        echo "Look at SUTLER_URL: it leads elsewhere ($status)" >&2
        return 2
    fi
    if jq --exit-status 'has("error")' <<<"$answer" >/dev/null; then
        jq --raw-output '"\(.error): \(.message) (request \(.request_id))"' <<<"$answer" >&2
        return 2
    fi
    printf '%s\n' "$answer"
}

# insist METHOD PATH [BODY KEY]: send a request until it is answered. A purchase is safe to repeat: under one key it is
# made once.
insist() {
    local attempt asked pause
    for ((attempt = 0; attempt < attempts; attempt++)); do
        ask "$@" && return
        (($? != 2)) || exit 1
        echo 'No answer; trying again ...' >&2
        asked=$(awk 'tolower($1) == "retry-after:" { print int($2) }' "$headers")
        pause=$((2 ** attempt))
        sleep "$((${asked:-0} > pause ? asked : pause))"
    done
    echo 'Sutler cannot be reached.' >&2
    exit 1
}

# wait_for_end ORDER: print the order when it has ended: completed, partial, failed, expired, cancelled or refunded.
wait_for_end() {
    local order=$1 path is_cut_off=
    path=/orders/$(jq .order_id <<<"$order")
    while is_processing "$order"; do
        if [[ $is_cut_off ]]; then
            sleep 5
        else
            order=$(ask GET "$path?wait=true&timeout=60") && continue
            (($? != 2)) || exit 1
            # Some routers cut off what is silent for half a minute: ask every few seconds instead.
            is_cut_off=yes
        fi
        order=$(insist GET "$path") || exit 1
    done
    printf '%s\n' "$order"
}

is_processing() {
    [[ $(jq --raw-output .status <<<"$1") == processing ]]
}

products=$(insist GET '/products?min_qty=1&page_size=5')
jq --raw-output '.items[] | "\(.id): \(.name), \(.price_usdt) USDT, from \(.min_quantity)"' <<<"$products" >&2
product_id=${1:-$(jq '.items[0].id' <<<"$products")}
quantity=${2:-$(jq '.items[0].min_quantity' <<<"$products")}

# One key for one purchase. Store it with your own record of the purchase before you send anything: even after a crash
# you can then send the same request again, and get the same order.
purchase_key=$(openssl rand -hex 16)
# It is in the body too: two equal bodies, signed within one second, would have one signature.
body="{\"product_id\": $product_id, \"quantity\": $quantity, \"client_reference\": \"$purchase_key\"}"

echo "Buying $quantity of $product_id, with the reference $purchase_key ..." >&2
order=$(insist POST /orders "$body" "$purchase_key")
order=$(wait_for_end "$order")
jq --raw-output '"Order \(.order_id) is \(.status); \(.refunded_usdt) USDT came back."' <<<"$order" >&2
jq --compact-output '.items[]?' <<<"$order"
[[ $(jq --raw-output .status <<<"$order") =~ ^(completed|partial)$ ]]
