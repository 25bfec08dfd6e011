import type { Manifest } from '../manifest.ts';
import type { Path } from './rule.ts';
import { isNode } from './schema-keywords.ts';
import { listPlacesWith, pathOf } from './schema-places.ts';

/** Every regular expression in the schemas of a manifest. */
export function listPatterns(manifest: Manifest): { path: Path; pattern: string }[] {
  const patterns: { path: Path; pattern: string }[] = [];
  for (const place of listPlacesWith(manifest, 'pattern')) {
    const { pattern } = place.node;
    if (typeof pattern === 'string') patterns.push({ path: pathOf(place, 'pattern'), pattern });
  }
  for (const place of listPlacesWith(manifest, 'patternProperties')) {
    const { patternProperties } = place.node;
    if (!isNode(patternProperties)) continue;
    for (const key of Object.keys(patternProperties)) {
      patterns.push({ path: pathOf(place, 'patternProperties', key), pattern: key });
    }
  }
  return patterns;
}
