import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fieldRows, withTables } from '../../src/api/reference-tables.js';
import { conditionTypes } from '../../src/api/cluster-status.js';
import { specDefaults } from '../../src/api/spec-defaults.js';

const page = readFileSync(new URL('../../../docs/reference/qdrantcluster.md', import.meta.url), 'utf8');

test('the reference has every field, as the schema describes it (`make crds` writes it)', () => {
  expect(withTables(page)).toBe(page);
  for (const { path } of [...fieldRows('spec'), ...fieldRows('status')]) expect(page).toContain(`| \`${path}\` |`);
});

test('it names every condition', () => {
  for (const type of conditionTypes) expect(page).toContain(`\`${type}\``);
});

test('a default is one of a field', () => {
  const paths = (value: object, prefix: string): string[] =>
    Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
      typeof inner === 'object' && inner !== null ? paths(inner, `${prefix}${name}.`) : [`${prefix}${name}`],
    );
  const known = new Set(fieldRows('spec').map(({ path }) => path));
  expect(paths(specDefaults, '').filter((path) => !known.has(path))).toEqual([]);
});
