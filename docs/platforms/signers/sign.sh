#!/bin/bash
# bash sign.sh KEYFILE SUBMISSION BODYFILE: the Submission-Signature of a file's bytes
# Needs openssl 3 and what every Unix has. In a service, read the key file with a JSON parser.
set -euo pipefail
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

member() { tr -d '\n' <"$key_file" | sed -E "s/.*\"$1\" *: *\"([^\"]*)\".*/\1/"; }
b64() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
bytes() { printf "$(sed 's/../\\x&/g')"; }

key_file=$1 alg=Ed25519 prefix=302e020100300506032b657004220420
[ "$(member kty)" = OKP ] ||
  alg=ES256 prefix=3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420
# The bare secret as PKCS #8, which is what openssl reads.
{ bytes <<<$prefix; member d | tr -- '-_' '+/' | sed 's/$/=/' | openssl base64 -d -A; } |
  openssl pkey -inform DER -out "$work/key.pem"

type='"typ":"sijill-submission+jws","cty":"application/cloudevents-batch+json"'
head=$(printf '{"alg":"%s","kid":"%s",%s,"iss":"%s","jti":"%s","iat":%s}' \
  $alg "$(member kid)" "$type" "$(member emitter)" "$2" "$(date +%s)" | b64)
{ printf %s "$head." && b64 <"$3"; } >"$work/message"
if [ $alg = Ed25519 ]; then
  signature=$(openssl pkeyutl -sign -rawin -inkey "$work/key.pem" -in "$work/message" | b64)
else
  # openssl gives DER; the registry wants r and s, each brought to 32 bytes.
  signature=$(openssl dgst -sha256 -sign "$work/key.pem" "$work/message" |
    openssl asn1parse -inform DER |
    sed -nE 's/.*INTEGER *:([0-9A-F]+).*/\1/p' |
    while read -r number; do printf '%64s' "$number" | tr ' ' 0; done | bytes | b64)
fi
echo "$head..$signature"
