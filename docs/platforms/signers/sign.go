// go run sign.go KEYFILE SUBMISSION BODYFILE: the Submission-Signature of a file's bytes
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
	// r and s side by side, 32 bytes each; ecdsa.SignASN1 would give DER.
	digest, both := sha256.Sum256(message), make([]byte, 64)
	key := must(ecdsa.ParseRawPrivateKey(elliptic.P256(), secret))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	must(r, err).FillBytes(both[:32])
	s.FillBytes(both[32:])
	return both
}

func main() {
	var file struct {
		Emitter, Kid string
		Key          struct{ Kty, D string }
	}
	must(0, json.Unmarshal(must(os.ReadFile(os.Args[1])), &file))
	secret := must(base64.RawURLEncoding.DecodeString(file.Key.D))
	alg := map[string]string{"OKP": "Ed25519", "EC": "ES256"}[file.Key.Kty]
	head := b64(must(json.Marshal(members{"alg": alg, "kid": file.Kid, "iss": file.Emitter,
		"typ": "sijill-submission+jws", "cty": "application/cloudevents-batch+json",
		"jti": os.Args[2], "iat": time.Now().Unix()})))
	message := head + "." + b64(must(os.ReadFile(os.Args[3])))
	fmt.Println(head + ".." + b64(raw(file.Key.Kty, secret, []byte(message))))
}
