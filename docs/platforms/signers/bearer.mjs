// node bearer.mjs KEYFILE: a token to read your own data, good for four minutes
import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";

const { kid, emitter, registry, key: jwk } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const b64 = (data) => Buffer.from(JSON.stringify(data)).toString("base64url");
const alg = jwk.kty === "OKP" ? "Ed25519" : "ES256";
const iat = Math.floor(Date.now() / 1000);
const claims = { iss: emitter, aud: registry, iat, exp: iat + 240 };
const message = `${b64({ alg, kid, typ: "sijill-access+jwt" })}.${b64(claims)}`;
const key = { key: createPrivateKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" };
const signature = sign(alg === "ES256" ? "sha256" : null, Buffer.from(message), key);
console.log(`${message}.${signature.toString("base64url")}`);
