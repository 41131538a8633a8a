#!/bin/bash
# bash sign.sh KEYFILE SUBMISSION BODYFILE: the Submission-Signature of a file's bytes
# bash sign.sh KEYFILE: a bearer token to read your own data, good for four minutes
# Needs openssl 3 and what every Unix has. In a service, read the key file with a JSON parser.
set -euo pipefail
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

member() { tr -d '\n' <"$key_file" | sed -E "s/.*\"$1\" *: *\"([^\"]*)\".*/\1/"; }
b64() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
bytes() { printf "$(sed 's/../\\x&/g')"; }

key_file=$1 now=$(date +%s)
secret=$(member d | tr -- '-_' '+/' | sed 's/$/=/' | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
if [ "$(member kty)" = OKP ]; then
  alg=Ed25519 prefix=302e020100300506032b657004220420
else
  alg=ES256 prefix=3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420
fi
# The bare secret as PKCS #8, which is what openssl reads.
printf %s "$prefix$secret" | bytes | openssl pkey -inform DER -out "$work/key.pem"

raw_signature() { # of the file "$work/message": 64 bytes
  if [ $alg = Ed25519 ]; then
    openssl pkeyutl -sign -rawin -inkey "$work/key.pem" -in "$work/message"
  else
    # openssl gives DER; the registry wants r and s, each brought to 32 bytes.
    openssl dgst -sha256 -sign "$work/key.pem" "$work/message" | openssl asn1parse -inform DER |
      sed -nE 's/.*INTEGER *:([0-9A-F]+).*/\1/p' |
      while read -r number; do printf '%64s' "$number" | tr ' ' 0; done | bytes
  fi
}

sign() { # HEADER-MEMBERS PAYLOADFILE: "<protected> <signature>"
  head=$(printf '{"alg":"%s","kid":"%s",%s}' $alg "$(member kid)" "$1" | b64)
  { printf %s "$head." && b64 <"$2"; } >"$work/message"
  echo "$head $(raw_signature | b64)"
}

issued="\"iss\":\"$(member emitter)\",\"iat\":$now"
if [ $# = 3 ]; then
  cty='"cty":"application/cloudevents-batch+json"'
  sign "\"typ\":\"sijill-submission+jws\",$cty,\"jti\":\"$2\",$issued" "$3" | sed 's/ /../'
else
  printf '{%s,"exp":%s,"aud":"%s"}' "$issued" $((now + 240)) "$(member registry)" >"$work/claims"
  sign '"typ":"sijill-access+jwt"' "$work/claims" | sed "s/ /.$(b64 <"$work/claims")./"
fi
