// go run sign.go KEYFILE SUBMISSION BODYFILE: the Submission-Signature of a file's bytes
// go run sign.go KEYFILE: a bearer token to read your own data, good for four minutes
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
	"math/big"
	"os"
	"time"
)

type members map[string]any

var file struct {
	Emitter, Kid, Registry string
	Key                    struct{ Kty, D string }
}

func read(path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	return data
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func rawSignature(message []byte) []byte {
	secret, err := base64.RawURLEncoding.DecodeString(file.Key.D)
	if err != nil {
		log.Fatal(err)
	}
	if file.Key.Kty == "OKP" {
		return ed25519.Sign(ed25519.NewKeyFromSeed(secret), message)
	}
	key := ecdsa.PrivateKey{D: new(big.Int).SetBytes(secret)}
	key.Curve = elliptic.P256()
	key.X, key.Y = key.Curve.ScalarBaseMult(secret)
	digest := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, &key, digest[:])
	if err != nil {
		log.Fatal(err)
	}
	both := make([]byte, 64)
	r.FillBytes(both[:32])
	s.FillBytes(both[32:])
	return both
}

func sign(header members, payload []byte) (string, string) {
	header["kid"], header["alg"] = file.Kid, "ES256"
	if file.Key.Kty == "OKP" {
		header["alg"] = "Ed25519"
	}
	encoded, _ := json.Marshal(header)
	head := b64(encoded)
	return head, b64(rawSignature([]byte(head + "." + b64(payload))))
}

func main() {
	if err := json.Unmarshal(read(os.Args[1]), &file); err != nil {
		log.Fatal(err)
	}
	now := time.Now().Unix()
	if len(os.Args) == 4 {
		header := members{"typ": "sijill-submission+jws", "cty": "application/cloudevents-batch+json",
			"iss": file.Emitter, "jti": os.Args[2], "iat": now}
		head, signature := sign(header, read(os.Args[3]))
		fmt.Println(head + ".." + signature)
		return
	}
	claims := members{"iss": file.Emitter, "aud": file.Registry, "iat": now, "exp": now + 240}
	payload, _ := json.Marshal(claims)
	head, signature := sign(members{"typ": "sijill-access+jwt"}, payload)
	fmt.Println(head + "." + b64(payload) + "." + signature)
}
