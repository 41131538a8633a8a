# python bearer.py KEYFILE: a token to read your own data, good for four minutes
import json
import sys
import time
from pathlib import Path

from joserfc import jwk, jwt

file, now = json.loads(Path(sys.argv[1]).read_bytes()), int(time.time())
alg = "Ed25519" if file["key"]["kty"] == "OKP" else "ES256"
header = {"alg": alg, "kid": file["kid"], "typ": "sijill-access+jwt"}
claims = {"iss": file["emitter"], "aud": file["registry"], "iat": now, "exp": now + 240}
print(jwt.encode(header, claims, jwk.import_key(file["key"]), algorithms=[alg]))
