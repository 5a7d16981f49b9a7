// Receive Sutler's webhooks:  go run webhook_receiver/main.go [port]
//
// SUTLER_SECRET, the secret of the key that places the orders, comes from the environment.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"
)

const drift = 5 * time.Minute

// isGenuine tells whether Sutler signed this body, not long ago. It must be the raw body: JSON written anew may differ.
func isGenuine(secret, sentAt, signature string, body []byte) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%s\n%s", sentAt, body)
	expected := hex.EncodeToString(mac.Sum(nil))
	if !hmac.Equal([]byte(expected), []byte(signature)) { // takes the same time wherever they differ
		return false
	}
	seconds, err := strconv.ParseInt(sentAt, 10, 64)
	return err == nil && time.Since(time.Unix(seconds, 0)).Abs() <= drift
}

// receiver answers 204 to a genuine message and 401 to others. Sutler sends again after 5xx, or if 10 s go by.
func receiver(secret string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // whoever sent it has gone
		}
		if !isGenuine(secret, r.Header.Get("X-Webhook-Timestamp"), r.Header.Get("X-Webhook-Signature"), body) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}

		// A message may come more than once, under the same id: store the id, in a unique column for example, and act
		// on it once. If that takes long, store the message too, and act on it after the answer.
		var event struct {
			OrderID int64  `json:"order_id"` // of an order
			TopupID string `json:"topup_id"` // of a top-up
			Status  string `json:"status"`
		}
		if err := json.Unmarshal(body, &event); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Println(r.Header.Get("X-Webhook-Id"), event.OrderID, event.TopupID, event.Status)
		w.WriteHeader(http.StatusNoContent)
	}
}

func main() {
	secret := os.Getenv("SUTLER_SECRET")
	if secret == "" {
		log.Fatal("Set SUTLER_SECRET.")
	}
	port := "9000"
	if len(os.Args) > 1 {
		port = os.Args[1]
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, receiver(secret)))
}
