/** The files that hold the CustomResourceDefinitions: those for kubectl, and the templates of the chart. */
import { dump } from 'js-yaml';
import { crdOf } from './crd.js';
import { namesOf, type ApiGroup } from './group.js';

const generated = '# Made by `make crds` from operator/src/api; do not edit.\n';

export function crdFileName(group: ApiGroup): string {
  return `${namesOf(group).crdName}.yaml`;
}

export function crdYaml(group: ApiGroup): string {
  return generated + dump(crdOf(group), { lineWidth: -1, noRefs: true });
}

/**
 * A template, because Helm installs what is in a chart's crds folder once and never updates it. It is kept when the
 * release goes: with the definition all clusters would go.
 */
export function chartTemplate(group: ApiGroup): string {
  const crd = crdOf(group);
  const annotations = { 'helm.sh/resource-policy': 'keep' };
  const kept = { ...crd, metadata: { ...crd.metadata, annotations } };
  const text = dump(kept, { lineWidth: -1, noRefs: true });
  if (text.includes('{{')) throw new Error('Helm would take a part of the definition for an instruction');
  return `${generated}{{- if and .Values.crds.install (eq .Values.crds.group "${group}") }}\n${text}{{- end }}\n`;
}
