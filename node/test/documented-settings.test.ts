import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { settingsSchema } from '../src/settings/settings.js';

function leaves(tree: object, prefix: string): string[] {
  return Object.entries(tree).flatMap(([key, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null
      ? leaves(value, `${prefix}${key}.`)
      : [`${prefix}${key} = ${String(value)}`],
  );
}

it('docs/guides/configuration.md has every setting with the default it really has', () => {
  const guide = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'guides', 'configuration.md'), 'utf8');
  const documented = [...guide.matchAll(/^\| `([a-z0-9_.]+)` \| `([^`]*)` \|/gm)].map(
    ([, key, value]) => `${key} = ${value}`,
  );
  expect(documented.sort()).toEqual(leaves(settingsSchema.parse({}), '').sort());
});
