// node pseudonym.mjs SECRETFILE WORKER: the pseudonym under which the kit too would know this worker
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { argv } from "node:process";
import { pathToFileURL } from "node:url";

export function pseudonym(secretFile, worker) {
  const mac = createHmac("sha256", Buffer.from(readFileSync(secretFile, "utf8").trim(), "hex"));
  const own = /^A[A-Z0-9]{10,}$/.test(worker); // as Mechanical Turk writes its ids
  for (const part of own ? ["worker", worker] : ["worker of a file", "", worker]) {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(Buffer.byteLength(part)));
    mac.update(length).update(part);
  }
  // 130 bits in base32 (RFC 4648), small letters.
  const bits = (BigInt(`0x${mac.digest("hex")}`) >> 126n).toString(32).padStart(26, "0");
  return "w" + bits.replace(/./g, (digit) => "abcdefghijklmnopqrstuvwxyz234567"[parseInt(digit, 32)]);
}

if (import.meta.url === pathToFileURL(argv[1]).href) console.log(pseudonym(argv[2], argv[3]));
