// go run bearer.go KEYFILE: a token to read your own data, good for four minutes
package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"
)

type members map[string]any

var b64 = base64.RawURLEncoding.EncodeToString

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func raw(kty string, secret, message []byte) []byte {
	if kty == "OKP" {
		return ed25519.Sign(ed25519.NewKeyFromSeed(secret), message)
	}
	digest, both := sha256.Sum256(message), make([]byte, 64)
	key := must(ecdsa.ParseRawPrivateKey(elliptic.P256(), secret))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	must(r, err).FillBytes(both[:32])
	s.FillBytes(both[32:])
	return both
}

func main() {
	var file struct {
		Emitter, Kid, Registry string
		Key                    struct{ Kty, D string }
	}
	must(0, json.Unmarshal(must(os.ReadFile(os.Args[1])), &file))
	secret, now := must(base64.RawURLEncoding.DecodeString(file.Key.D)), time.Now().Unix()
	alg := map[string]string{"OKP": "Ed25519", "EC": "ES256"}[file.Key.Kty]
	header := members{"alg": alg, "kid": file.Kid, "typ": "sijill-access+jwt"}
	claims := members{"iss": file.Emitter, "aud": file.Registry, "iat": now, "exp": now + 240}
	message := b64(must(json.Marshal(header))) + "." + b64(must(json.Marshal(claims)))
	fmt.Println(message + "." + b64(raw(file.Key.Kty, secret, []byte(message))))
}
