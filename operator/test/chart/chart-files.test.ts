/** What can be said of the chart without Helm. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, loadAll } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ownGroup } from '../../src/api/group.js';
import { parseQdrantCluster } from '../../src/api/qdrant-cluster.js';
import { unsupportedFields } from '../../src/api/unsupported-fields.js';
import { chartFolder } from './helm.js';

const read = (...path: string[]) => readFileSync(join(chartFolder, ...path), 'utf8');

describe('a sample', () => {
  test.each(readdirSync(join(chartFolder, 'samples')))(
    '%s is a good cluster of which everything is acted on',
    (file) => {
      const [document] = loadAll(read('samples', file));
      const parsed = parseQdrantCluster(document);
      if (parsed.kind !== 'cluster') throw new Error(parsed.problems.join('\n'));
      expect(parsed.cluster.apiVersion).toBe(`${ownGroup}/v1`);
      expect(unsupportedFields(parsed.cluster.spec)).toEqual([]);
    },
  );
});

const schemaNode = z.looseObject({ properties: z.record(z.string(), z.unknown()).optional() });

function keysOf(schema: unknown, prefix = ''): string[] {
  return Object.entries(schemaNode.parse(schema).properties ?? {}).flatMap(([name, inner]) => {
    const below = keysOf(inner, `${prefix}${name}.`);
    return below.length === 0 ? [`${prefix}${name}`] : below;
  });
}

function leavesOf(value: unknown, known: ReadonlySet<string>, prefix = ''): string[] {
  const mapping = z.record(z.string(), z.unknown()).parse(value);
  return Object.entries(mapping).flatMap(([name, inner]) =>
    known.has(`${prefix}${name}`) ? [`${prefix}${name}`] : leavesOf(inner, known, `${prefix}${name}.`),
  );
}

test('every value has a schema, and every schema a value', () => {
  const keys = keysOf(JSON.parse(read('values.schema.json'))).filter((key) => key !== 'global');
  expect(leavesOf(load(read('values.yaml')), new Set(keys)).sort()).toEqual(keys.sort());
});

test('every value is used by a template', () => {
  const templates = readdirSync(join(chartFolder, 'templates'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(yaml|tpl|txt)$/.test(file))
    .map((file) => read('templates', file))
    .join('\n');
  const keys = keysOf(JSON.parse(read('values.schema.json'))).filter((key) => key !== 'global');
  expect(keys.filter((key) => !templates.includes(`.Values.${key}`))).toEqual([]);
});

test('the application has the version of the repository', () => {
  const version = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(chartFolder, '../../package.json'), 'utf8')));
  expect(load(read('Chart.yaml'))).toMatchObject({ version: version.version, appVersion: version.version });
});
