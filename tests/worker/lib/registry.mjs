// A registry to publish to an edge under test: the exported one, and changed copies of it signed with the committed
// development key, which test builds trust.

import { createHash, createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultRegistryFolder } from '../../../worker/registry-folder.mjs';

const secretFile = new URL('../../../models/keys/development.secret', import.meta.url);

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** A manifest with the artifacts that it names. */
export class Registry {
  constructor(manifest, artifacts) {
    this.manifest = manifest;
    this.artifacts = artifacts;
  }

  /** The exported registry, with the manifest version that it was exported at. */
  static exported(folder = defaultRegistryFolder()) {
    const { signed } = JSON.parse(readFileSync(join(folder, 'registry.json'), 'utf8'));
    const artifacts = new Map();
    for (const hash of signed.bundles[signed.aliases.champion].artifacts) {
      artifacts.set(hash, readFileSync(join(folder, 'artifacts', hash)));
    }
    return new Registry(signed, artifacts);
  }

  /** A copy to change. */
  copy() {
    return new Registry(structuredClone(this.manifest), new Map(this.artifacts));
  }

  get champion() {
    return this.manifest.aliases.champion;
  }

  /** The hash of the champion's artifact of this name. */
  hashOf(name) {
    return this.manifest.bundles[this.champion].artifacts.find((hash) => this.manifest.artifacts[hash].name === name);
  }

  /** Sets fields of the manifest. */
  with(fields) {
    Object.assign(this.manifest, fields);
    return this;
  }

  /** Raises the version and gives the manifest a year. */
  next() {
    const hour = 3_600_000;
    return this.with({
      version: this.manifest.version + 1,
      issued_at: rfc3339(Date.now() - hour),
      expires_at: rfc3339(Date.now() + 365 * 24 * hour),
    });
  }

  /** Publishes a new champion in which the artifact of this name has other bytes. */
  replaceArtifact(name, bytes) {
    const { bundles, artifacts } = this.manifest;
    const old = this.hashOf(name);
    const hash = sha256(bytes);
    artifacts[hash] = { ...artifacts[old], bytes: bytes.length };
    this.artifacts.set(hash, bytes);
    const before = bundles[this.champion];
    const members = before.artifacts.map((member) => (member === old ? hash : member));
    const lines = members.map((member) => `${artifacts[member].name} ${member}\n`).sort();
    const id = sha256(lines.join(''));
    bundles[id] = { ...before, artifacts: members, parents: [this.champion] };
    this.manifest.aliases.champion = id;
    return this.next();
  }

  /** registry.json, signed. */
  text(key = developmentKey()) {
    return seal(JSON.stringify(this.manifest), key);
  }

  /** Puts everything into the edge's bindings. */
  async publishTo(edge, text = this.text()) {
    for (const [hash, bytes] of this.artifacts) await edge.putArtifact(hash, bytes);
    await edge.putManifest(text);
  }
}

/** The envelope of signed bytes. */
export function seal(signed, { id, key }) {
  const signature = sign(null, Buffer.from(signed), key).toString('hex');
  return `{"signed": ${signed}, "signatures": [{"key_id": "${id}", "signature": "${signature}"}]}`;
}

/** The committed development key. */
export function developmentKey() {
  const [, id, seed] = readFileSync(secretFile, 'utf8').trim().split(':');
  return keyFromSeed(id, Buffer.from(seed, 'hex'));
}

/** An Ed25519 key from its 32 bytes. */
export function keyFromSeed(id, seed) {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return { id, key: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }) };
}

export const rfc3339 = (milliseconds) => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
