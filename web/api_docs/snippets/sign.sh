sign() {  # secret, timestamp, body
    printf '%s\n%s' "$2" "$3" | openssl dgst -sha256 -hmac "$1" -r | cut -d ' ' -f 1
}
