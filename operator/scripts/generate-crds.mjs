// Writes the CustomResourceDefinitions out of the compiled schemas: into crds/, and as templates into the chart.
import { mkdirSync, writeFileSync } from 'node:fs';
import { apiGroups } from '../dist/api/group.js';
import { chartTemplate, crdFileName, crdYaml } from '../dist/api/crd-files.js';

const root = new URL('../../', import.meta.url);
const folders = { plain: new URL('crds/', root), chart: new URL('charts/qdrant-operator/templates/crds/', root) };
for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
for (const group of apiGroups) {
  writeFileSync(new URL(crdFileName(group), folders.plain), crdYaml(group));
  writeFileSync(new URL(crdFileName(group), folders.chart), chartTemplate(group));
}
