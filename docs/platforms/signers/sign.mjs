// node sign.mjs KEYFILE SUBMISSION BODYFILE: the Submission-Signature of a file's bytes
import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";

const [keyFile, jti, bodyFile] = process.argv.slice(2);
const { kid, emitter: iss, key: jwk } = JSON.parse(readFileSync(keyFile, "utf8"));
const b64 = (data) => Buffer.from(data).toString("base64url");
const alg = jwk.kty === "OKP" ? "Ed25519" : "ES256";
const type = { typ: "sijill-submission+jws", cty: "application/cloudevents-batch+json" };
const iat = Math.floor(Date.now() / 1000);
const head = b64(JSON.stringify({ alg, kid, ...type, iss, jti, iat }));
// ieee-p1363: r and s side by side. Without it, ES256 would come as DER.
const key = { key: createPrivateKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" };
const message = Buffer.from(`${head}.${b64(readFileSync(bodyFile))}`);
console.log(`${head}..${b64(sign(alg === "ES256" ? "sha256" : null, message, key))}`);
