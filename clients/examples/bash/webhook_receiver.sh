#!/usr/bin/env bash
# Receive Sutler's webhooks:  ./webhook_receiver.sh [port]     (with socat, openssl and jq)
#
# SUTLER_SECRET, the secret of the key that places the orders, comes from the environment. openssl takes the secret as an
# argument, which other users of this machine can see while it runs.
set -euo pipefail

: "${SUTLER_SECRET:?}"
drift_seconds=300

# hmac KEY: print the hex HMAC-SHA256 of what comes.
hmac() {
    local line
    line=$(openssl dgst -sha256 -hmac "$1" -r)
    printf '%s' "${line%% *}"
}

# is_genuine TIMESTAMP SIGNATURE FILE: whether Sutler signed this body, not long ago. It must be the raw body: JSON
# written anew may differ.
is_genuine() {
    local sent_at=$1 signature=$2 body=$3 expected blind age
    [[ $sent_at =~ ^[0-9]{1,12}$ ]] || return 1
    expected=$({ printf '%s\n' "$sent_at"; cat "$body"; } | hmac "$SUTLER_SECRET")
    # Compared under a key that is made up for this once: how long that takes tells nothing of the signature.
    blind=$(openssl rand -hex 32)
    [[ $(printf '%s' "$expected" | hmac "$blind") == "$(printf '%s' "$signature" | hmac "$blind")" ]] || return 1
    age=$(($(date +%s) - 10#$sent_at))
    ((${age#-} <= drift_seconds))
}

answer() {
    printf 'HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' "$1"
}

# Take one message: 204 to a genuine one and 401 to others. Sutler sends again after 5xx, or if 10 s go by.
receive() {
    local line value length='' sent_at='' signature='' webhook_id=''
    body=$(mktemp)
    trap 'rm -f "$body"' EXIT
    while IFS= read -r line && line=${line%$'\r'} && [[ $line ]]; do
        value=${line#*:}
        value=${value# }
        case ${line%%:*} in
            [Cc]ontent-[Ll]ength) length=$value ;;
            [Xx]-[Ww]ebhook-[Tt]imestamp) sent_at=$value ;;
            [Xx]-[Ww]ebhook-[Ss]ignature) signature=$value ;;
            [Xx]-[Ww]ebhook-[Ii]d) webhook_id=$value ;;
        esac
    done
    [[ $length =~ ^[0-9]{1,7}$ ]] || { answer '411 Length Required'; return; }
    head --bytes="$length" >"$body"
    is_genuine "$sent_at" "$signature" "$body" || { answer '401 Unauthorized'; return; }

    # A message may come more than once, under the same id: store the id, and act on it once. If that takes long, store
    # the message too, and act on it after the answer.
    jq --raw-output --arg id "$webhook_id" '"\($id) \(.order_id // .topup_id) \(.status)"' "$body" >&2
    answer '204 No Content'
}

if [[ ${1:-} == --one ]]; then
    receive
else
    exec socat "TCP-LISTEN:${1:-9000},bind=127.0.0.1,reuseaddr,fork" "EXEC:bash $0 --one"
fi
