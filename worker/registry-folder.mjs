import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where `scripts/bundle` writes registry.json with its artifacts. */
export function defaultRegistryFolder() {
  const { RAPPORT_REGISTRY_DIR, RAPPORT_REGISTRY_EXPORT, RAPPORT_CACHE, XDG_CACHE_HOME } = process.env;
  const cache = RAPPORT_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'rapport');
  return RAPPORT_REGISTRY_DIR ?? RAPPORT_REGISTRY_EXPORT ?? join(cache, 'registry-export');
}
