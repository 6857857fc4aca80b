// Seals what leaves the page: the queue for this device, the emergency file for the server alone.

const text = new TextEncoder();
const FILE_INFO = "invigil-export/1";

export const isPossible = Boolean(globalThis.crypto?.subtle);

export function toBase64(bytes) {
  let binary = "";
  for (const byte of new Uint8Array(bytes)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

export function fromBase64(written) {
  return Uint8Array.from(atob(written), (letter) => letter.charCodeAt(0));
}

export function key(raw) {
  return crypto.subtle.importKey("raw", fromBase64(raw), "AES-GCM", false, ["encrypt", "decrypt"]);
}

export async function seal(sealingKey, value, bound) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const how = { name: "AES-GCM", iv, additionalData: text.encode(bound) };
  return { iv, sealed: await crypto.subtle.encrypt(how, sealingKey, text.encode(JSON.stringify(value))) };
}

export async function open(sealingKey, { iv, sealed }, bound) {
  const how = { name: "AES-GCM", iv, additionalData: text.encode(bound) };
  return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(how, sealingKey, sealed)));
}

// ECDH on P-256 with a key made for this file, HKDF-SHA-256, AES-256-GCM; bound to whose it is.
export async function forServer(serverKey, head, value) {
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const theirs = await crypto.subtle.importKey("raw", fromBase64(serverKey), curve, false, []);
  const ours = await crypto.subtle.generateKey(curve, false, ["deriveBits"]);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, ours.privateKey, 256);
  const base = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const bound = [FILE_INFO, head.session, head.candidate, head.made_at].join("|");
  const how = { name: "HKDF", hash: "SHA-256", salt, info: text.encode(bound) };
  const sealingKey = await crypto.subtle.deriveKey(how, base, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  const { iv, sealed } = await seal(sealingKey, value, bound);
  return {
    v: FILE_INFO,
    ...head,
    point: toBase64(await crypto.subtle.exportKey("raw", ours.publicKey)),
    salt: toBase64(salt),
    iv: toBase64(iv),
    sealed: toBase64(sealed),
  };
}
