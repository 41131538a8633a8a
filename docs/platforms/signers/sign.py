# python sign.py KEYFILE SUBMISSION BODYFILE: the Submission-Signature of a file's bytes
# python sign.py KEYFILE: a bearer token to read your own data, good for four minutes
import base64
import json
import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

file, now = json.loads(Path(sys.argv[1]).read_bytes()), int(time.time())
secret = base64.urlsafe_b64decode(file["key"]["d"] + "==")
alg = "Ed25519" if file["key"]["kty"] == "OKP" else "ES256"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw_signature(message):
    if alg == "Ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(secret).sign(message)
    key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
    r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def sign(header, payload):
    head = b64(json.dumps({"alg": alg, "kid": file["kid"], **header}).encode())
    return head, b64(raw_signature(f"{head}.{b64(payload)}".encode()))


if len(sys.argv) == 4:
    header = {"typ": "sijill-submission+jws", "cty": "application/cloudevents-batch+json"}
    header |= {"iss": file["emitter"], "jti": sys.argv[2], "iat": now}
    print("..".join(sign(header, Path(sys.argv[3]).read_bytes())))
else:
    claims = {"iss": file["emitter"], "aud": file["registry"], "iat": now, "exp": now + 240}
    payload = json.dumps(claims).encode()
    head, signature = sign({"typ": "sijill-access+jwt"}, payload)
    print(f"{head}.{b64(payload)}.{signature}")
