# python sign.py KEYFILE SUBMISSION BODYFILE: the Submission-Signature of a file's bytes
import json
import sys
import time
from pathlib import Path

from joserfc import jwk, jws

file, now = json.loads(Path(sys.argv[1]).read_bytes()), int(time.time())
header = {"alg": "Ed25519" if file["key"]["kty"] == "OKP" else "ES256", "kid": file["kid"]}
header |= {"typ": "sijill-submission+jws", "cty": "application/cloudevents-batch+json"}
header |= {"iss": file["emitter"], "jti": sys.argv[2], "iat": now}
rules = jws.JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
body, key = Path(sys.argv[3]).read_bytes(), jwk.import_key(file["key"])
head, _, signature = jws.serialize_compact(header, body, key, registry=rules).split(".")
print(f"{head}..{signature}")
