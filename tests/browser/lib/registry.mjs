// Manifests signed with the committed development key, which modules built for the tests trust.

import { createHash, createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { registryFolder } from './site.mjs';

const [, keyId, seed] = readFileSync(new URL('../../../models/keys/development.secret', import.meta.url), 'utf8')
  .trim()
  .split(':');
// PKCS #8 around a raw Ed25519 seed (RFC 8410).
const key = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from(seed, 'hex')]),
  format: 'der',
  type: 'pkcs8',
});

/** The manifest that is served, without its signature. */
export function servedManifest() {
  return JSON.parse(readFileSync(join(registryFolder, 'registry.json'), 'utf8')).signed;
}

/** The bytes of `registry.json` around a manifest, signed over exactly the text that stands in it. */
export function signed(manifest) {
  const text = JSON.stringify(manifest);
  const signature = sign(null, Buffer.from(text), key).toString('hex');
  return `{"signed":${text},"signatures":[${JSON.stringify({ key_id: keyId, signature })}]}`;
}

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** A manifest of the next version whose champion has other bytes for one artifact. */
export function withArtifact(manifest, name, bytes) {
  const next = structuredClone(manifest);
  const old = next.bundles[next.aliases.champion];
  const hash = sha256(bytes);
  const replaced = old.artifacts.find((artifact) => next.artifacts[artifact].name === name);
  next.version += 1;
  next.artifacts[hash] = { ...next.artifacts[replaced], bytes: bytes.length };
  const artifacts = old.artifacts.map((artifact) => (artifact === replaced ? hash : artifact));
  const lines = artifacts.map((artifact) => `${next.artifacts[artifact].name} ${artifact}\n`).sort();
  const id = sha256(lines.join(''));
  next.bundles[id] = { ...old, artifacts };
  next.aliases.champion = id;
  return { manifest: next, hash, replaced };
}
