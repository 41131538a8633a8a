// node sign.mjs KEYFILE SUBMISSION BODYFILE: the Submission-Signature of a file's bytes
// node sign.mjs KEYFILE: a bearer token to read your own data, good for four minutes
import { createPrivateKey, sign as signature } from "node:crypto";
import { readFileSync } from "node:fs";

const [keyFile, submission, bodyFile] = process.argv.slice(2);
const file = JSON.parse(readFileSync(keyFile, "utf8"));
const key = createPrivateKey({ key: file.key, format: "jwk" });
const alg = file.key.kty === "OKP" ? "Ed25519" : "ES256";
const b64 = (data) => Buffer.from(data).toString("base64url");
const now = Math.floor(Date.now() / 1000);

function sign(header, payload) {
  const head = b64(JSON.stringify({ alg, kid: file.kid, ...header }));
  const message = Buffer.from(`${head}.${b64(payload)}`);
  // ieee-p1363: r and s side by side. Without it, ES256 would come as DER.
  const how = { key, dsaEncoding: "ieee-p1363" };
  return [head, b64(signature(alg === "ES256" ? "sha256" : null, message, how))];
}

if (submission) {
  const header = { typ: "sijill-submission+jws", cty: "application/cloudevents-batch+json" };
  Object.assign(header, { iss: file.emitter, jti: submission, iat: now });
  console.log(sign(header, readFileSync(bodyFile)).join(".."));
} else {
  const claims = { iss: file.emitter, aud: file.registry, iat: now, exp: now + 240 };
  const payload = JSON.stringify(claims);
  const [head, signed] = sign({ typ: "sijill-access+jwt" }, payload);
  console.log(`${head}.${b64(payload)}.${signed}`);
}
