// Buy something from Sutler and wait for it:  go run order/main.go [product id [quantity]]
//
// SUTLER_URL (such as https://shop.example), SUTLER_KEY and, if the key has one, SUTLER_SECRET come from the
// environment. What was bought goes to standard output, a JSON object a line; everything else to standard error.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"
)

const attempts = 6

var (
	base   = os.Getenv("SUTLER_URL") + "/api/v1"
	key    = os.Getenv("SUTLER_KEY")
	secret = os.Getenv("SUTLER_SECRET")
	client = http.Client{Timeout: 75 * time.Second, CheckRedirect: stay}
)

type product struct {
	ID          int64
	Name        string
	Price       json.Number `json:"price_usdt"` // money stays as it is spelled: a float would round it
	MinQuantity int64       `json:"min_quantity"`
}

type order struct {
	ID       int64 `json:"order_id"`
	Status   string
	Refunded json.Number `json:"refunded_usdt"`
	Items    []json.RawMessage
}

// refusal is an answer that says no.
type refusal struct {
	Code      string `json:"error"`
	Message   string
	RequestID string `json:"request_id"`
}

func (r refusal) Error() string {
	return fmt.Sprintf("%s: %s (request %s)", r.Code, r.Message, r.RequestID)
}

// tryAgain is no answer, or one that says: not now. It may ask for a pause.
type tryAgain struct {
	reason string
	pause  time.Duration
}

func (t tryAgain) Error() string { return t.reason }

// ask sends one request and reads its answer into document. Its error is a tryAgain, a refusal or a fault of ours.
func ask(method, path string, body []byte, purchaseKey string, document any) error {
	request, err := http.NewRequest(method, base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("X-API-Key", key)
	if method == "POST" {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", purchaseKey)
		if secret != "" {
			// Each attempt is signed anew: a signature is good for one request, and for five minutes.
			now := strconv.FormatInt(time.Now().Unix(), 10)
			request.Header.Set("X-Timestamp", now)
			request.Header.Set("X-Signature", sign(now, body))
		}
	}
	answer, err := client.Do(request)
	if err != nil {
		return tryAgain{reason: err.Error()}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return tryAgain{reason: err.Error()}
	}
	if elsewhere := answer.Header.Get("Location"); elsewhere != "" {
		return errors.New("Look at SUTLER_URL: it leads on to " + elsewhere)
	}
	switch answer.StatusCode {
	case 429, 500, 502, 503, 504:
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After")) // 0 where there is none
		return tryAgain{answer.Status, time.Duration(seconds) * time.Second}
	}
	var no refusal
	if err := json.Unmarshal(text, &no); err != nil {
		return err
	}
	if no.Code != "" {
		return no
	}
	return json.Unmarshal(text, document)
}

// stay follows no redirect: the key would go along, wherever it leads.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func sign(timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%s\n%s", timestamp, body)
	return hex.EncodeToString(mac.Sum(nil))
}

// insist sends a request until it is answered. A purchase is safe to repeat: under one key it is made once.
func insist(method, path string, body []byte, purchaseKey string, document any) error {
	for attempt := 0; attempt < attempts; attempt++ {
		err := ask(method, path, body, purchaseKey, document)
		var again tryAgain
		if !errors.As(err, &again) {
			return err
		}
		log.Printf("%s; trying again ...", again.reason)
		pause := time.Second << attempt
		if again.pause > pause {
			pause = again.pause
		}
		time.Sleep(pause)
	}
	return errors.New("Sutler cannot be reached")
}

// waitForEnd returns when the order has ended: completed, partial, failed, expired, cancelled or refunded.
func waitForEnd(bought *order) error {
	path := fmt.Sprintf("/orders/%d", bought.ID)
	for bought.Status == "processing" {
		err := ask("GET", path+"?wait=true&timeout=60", nil, "", bought)
		if errors.As(err, &tryAgain{}) {
			return poll(path, bought)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// poll asks every few seconds. Some routers cut off what is silent for half a minute, as a request that waits is.
func poll(path string, bought *order) error {
	for {
		if err := insist("GET", path, nil, "", bought); err != nil || bought.Status != "processing" {
			return err
		}
		time.Sleep(5 * time.Second)
	}
}

// choose shows what there is; returns the product and the quantity of the command line, or else the first of all.
func choose() (productID, quantity int64, err error) {
	var page struct{ Items []product }
	if err := insist("GET", "/products?min_qty=1&page_size=5", nil, "", &page); err != nil {
		return 0, 0, err
	}
	for _, each := range page.Items {
		log.Printf("%d: %s, %s USDT, from %d", each.ID, each.Name, each.Price, each.MinQuantity)
	}
	if len(page.Items) == 0 {
		return 0, 0, errors.New("there is nothing for sale")
	}
	productID, quantity = page.Items[0].ID, page.Items[0].MinQuantity
	if len(os.Args) > 1 {
		productID, err = strconv.ParseInt(os.Args[1], 10, 64)
	}
	if len(os.Args) > 2 && err == nil {
		quantity, err = strconv.ParseInt(os.Args[2], 10, 64)
	}
	return productID, quantity, err
}

func buy() (*order, error) {
	productID, quantity, err := choose()
	if err != nil {
		return nil, err
	}
	// One key for one purchase. Store it with your own record of the purchase before you send anything: even after a
	// crash you can then send the same request again, and get the same order.
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	purchaseKey := hex.EncodeToString(random)
	// It is in the body too: two equal bodies, signed within one second, would have one signature.
	fields := map[string]any{"product_id": productID, "quantity": quantity, "client_reference": purchaseKey}
	body, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	log.Printf("Buying %d of %d, with the reference %s ...", quantity, productID, purchaseKey)
	var bought order
	if err := insist("POST", "/orders", body, purchaseKey, &bought); err != nil {
		return nil, err
	}
	return &bought, waitForEnd(&bought)
}

func main() {
	log.SetFlags(0)
	bought, err := buy()
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("Order %d is %s; %s USDT came back.", bought.ID, bought.Status, bought.Refunded)
	for _, item := range bought.Items {
		fmt.Printf("%s\n", item)
	}
	if bought.Status != "completed" && bought.Status != "partial" {
		os.Exit(1)
	}
}
