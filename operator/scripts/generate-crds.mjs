// Writes what is made from the compiled schemas: the CustomResourceDefinitions, in crds/ and as templates of the chart,
// and the tables of their reference page.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { apiGroups } from '../dist/api/group.js';
import { chartTemplate, crdFileName, crdYaml } from '../dist/api/crd-files.js';
import { withTables } from '../dist/api/reference-tables.js';

const root = new URL('../../', import.meta.url);
const folders = { plain: new URL('crds/', root), chart: new URL('charts/qdrant-operator/templates/crds/', root) };
for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
for (const group of apiGroups) {
  writeFileSync(new URL(crdFileName(group), folders.plain), crdYaml(group));
  writeFileSync(new URL(crdFileName(group), folders.chart), chartTemplate(group));
}

const page = new URL('docs/reference/qdrantcluster.md', root);
writeFileSync(page, withTables(readFileSync(page, 'utf8')));
