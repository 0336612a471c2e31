import { KubernetesError } from '../../../src/k8s/kubernetes-api.js';

export type LabelMatch = (labels: Readonly<Record<string, string>> | undefined) => boolean;

/** `key=value` and `key`, with commas: what the operator asks. */
export function labelMatch(selector: string | undefined): LabelMatch {
  if (selector === undefined || selector === '') return () => true;
  const terms = selector.split(',').map((term) => {
    const [key, value, ...rest] = term.split('=');
    if (key === undefined || !/^[\w./-]+$/.test(key) || rest.length > 0) {
      throw new KubernetesError('invalid', `unable to parse the selector ${selector}`);
    }
    return { key, value };
  });
  return (labels) =>
    terms.every(({ key, value }) => {
      const label = labels?.[key];
      return value === undefined ? label !== undefined : label === value;
    });
}
