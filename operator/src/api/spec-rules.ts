/**
 * What a spec may not say although each of its fields is well formed. Every rule stands here twice, with one sentence:
 * in CEL for the API server, which refuses the change, and in TypeScript, because a resource may be older than its
 * CustomResourceDefinition. Sentences say what to do.
 */
import { clusterIdOf, idPattern, isClusterId, maxIdLength, maxLabelLength } from './cluster-id.js';
import type { ClusterSpec } from './cluster-spec.js';
import { durationPattern, parseDurationMs } from './duration.js';
import { parseQuantity } from './quantity.js';

export interface SpecRule {
  /** The field in the CustomResourceDefinition that CEL calls `self`: empty for the resource itself. */
  readonly at: readonly string[];
  readonly cel: string;
  readonly message: string;
  /** Null: it compares with the spec before, which only the API server has. */
  readonly holds: ((spec: ClusterSpec, name: string) => boolean) | null;
}

const versionPattern = '^v?[0-9]{1,9}[.][0-9]{1,9}[.][0-9]{1,9}(-[0-9A-Za-z.-]{1,60})?$';

/** CEL keeps the backslashes of its strings; the patterns here need none. */
const matches = (value: string, pattern: string) => `${value}.matches('${pattern}')`;

const celId = (object: string) =>
  `(has(${object}.spec.id) ? ${object}.spec.id : ` +
  `(${object}.metadata.name.startsWith('qdrant-') ? ${object}.metadata.name.substring(7) : ${object}.metadata.name))`;

/** Every part of the path is there. Optional types would be shorter, and their cost cannot be estimated. */
function celHas(object: string, ...path: readonly string[]): string {
  const parts = path.map((_, at) => `has(${[object, ...path.slice(0, at + 1)].join('.')})`);
  return `(${parts.join(' && ')})`;
}

/** The text at a path, or an empty one. */
function celText(object: string, ...path: readonly string[]): string {
  return `(${celHas(object, ...path)} ? ${[object, ...path].join('.')} : '')`;
}

function celShrinks(from: string): string {
  const [size, before] = [celText('self', 'spec', 'resources', 'storage'), from];
  return `isQuantity(${size}) && isQuantity(${before}) && quantity(${size}).isLessThan(quantity(${before}))`;
}

function isAbsentOr(value: string | undefined, check: (text: string) => boolean): boolean {
  return value === undefined || check(value);
}

const isPositive = (text: string) => (parseQuantity(text) ?? 0) > 0;

function quantityRule(
  at: readonly string[],
  field: string,
  example: string,
  read: (spec: ClusterSpec) => string | undefined,
) {
  const path = ['spec', ...at, field].join('.');
  return {
    at: ['spec', ...at],
    cel: `!has(self.${field}) || (isQuantity(self.${field}) && quantity(self.${field}).isGreaterThan(quantity('0')))`,
    message: `${path} must be a quantity above zero, such as ${example}`,
    holds: (spec) => isAbsentOr(read(spec), isPositive),
  } satisfies SpecRule;
}

function requestRule(field: 'cpu' | 'memory') {
  const [request, limit] = [`self.requests.${field}`, `self.${field}`];
  return {
    at: ['spec', 'resources'],
    cel:
      `!has(self.requests) || !has(${request}) || !has(${limit}) || !isQuantity(${request}) || !isQuantity(${limit}) || ` +
      `quantity(${request}).compareTo(quantity(${limit})) <= 0`,
    message: `spec.resources.requests.${field} is above spec.resources.${field}: lower the request or raise the limit`,
    holds: ({ resources }) => {
      const [asked, most] = [resources?.requests?.[field], resources?.[field]].map((text) =>
        text === undefined ? null : parseQuantity(text),
      );
      return asked === null || asked === undefined || most === null || most === undefined || asked <= most;
    },
  } satisfies SpecRule;
}

function durationRule(at: readonly string[], field: string, read: (spec: ClusterSpec) => string | undefined) {
  return {
    at: ['spec', 'operator', ...at],
    cel: `!has(self.${field}) || ${matches(`self.${field}`, durationPattern)}`,
    message: `spec.operator.${[...at, field].join('.')} must be a duration such as 90s, 6m or 1h30m`,
    holds: (spec) => isAbsentOr(read(spec), (text) => parseDurationMs(text) !== null),
  } satisfies SpecRule;
}

const nameRules: readonly SpecRule[] = [
  {
    at: [],
    cel: `${celId('self')}.size() <= ${maxIdLength} && ${matches(celId('self'), idPattern)}`,
    message: `the id of the cluster must be at most ${maxIdLength} small letters, digits and "-", and begin and end with a letter or digit: set spec.id, or choose such a name`,
    holds: (spec, name) => isClusterId(clusterIdOf(name, spec)),
  },
  {
    // All objects of the cluster are found by a label with this name.
    at: [],
    cel: `self.metadata.name.size() <= ${maxLabelLength}`,
    message: `metadata.name must have at most ${maxLabelLength} characters, with spec.id too: choose a shorter name`,
    holds: (_spec, name) => name.length <= maxLabelLength,
  },
  {
    at: [],
    cel: `${celId('self')} == ${celId('oldSelf')}`,
    message: 'spec.id cannot change, because the names of all objects come from it: create another cluster instead',
    holds: null,
  },
  {
    at: ['spec'],
    cel: matches('self.version', versionPattern),
    message: 'spec.version must be a release such as v1.19.0 or 0.1.0',
    holds: ({ version }) => new RegExp(versionPattern).test(version),
  },
];

const resourceRules: readonly SpecRule[] = [
  quantityRule(['resources'], 'cpu', '500m or 2', ({ resources }) => resources?.cpu),
  quantityRule(['resources'], 'memory', '4Gi', ({ resources }) => resources?.memory),
  quantityRule(['resources'], 'storage', '100Gi', ({ resources }) => resources?.storage),
  quantityRule(['resources', 'requests'], 'cpu', '500m or 2', ({ resources }) => resources?.requests?.cpu),
  quantityRule(['resources', 'requests'], 'memory', '4Gi', ({ resources }) => resources?.requests?.memory),
  requestRule('cpu'),
  requestRule('memory'),
  {
    // Down to what the volumes really have is allowed, so that a wrong size can be taken back.
    at: [],
    cel:
      `!(${celShrinks(celText('oldSelf', 'spec', 'resources', 'storage'))}) || ` +
      `(${celText('self', 'status', 'volumeSize')} != '' && !(${celShrinks(celText('self', 'status', 'volumeSize'))}))`,
    message: 'spec.resources.storage cannot shrink, because volumes cannot: keep the size, or create another cluster',
    holds: null,
  },
  {
    at: ['spec'],
    cel: ['db', 'snapshots']
      .map((name) => ['self', 'oldSelf'].map((object) => celText(object, 'storageClassNames', name)).join(' == '))
      .join(' && '),
    message: 'spec.storageClassNames cannot change once volumes have been made: create another cluster instead',
    holds: null,
  },
];

const configRules: readonly SpecRule[] = [
  {
    at: ['spec', 'config', 'tls'],
    cel: 'has(self.cert) == has(self.key) && (!has(self.caCert) || has(self.cert))',
    message: 'spec.config.tls needs cert and key together, also when it has caCert',
    holds: ({ config }) => {
      const tls = config?.tls;
      return (tls?.cert === undefined) === (tls?.key === undefined) && !(tls?.caCert && !tls.cert);
    },
  },
  {
    at: ['spec', 'config'],
    cel: `!(${celHas('self', 'service', 'enable_tls')} && self.service.enable_tls) || ${celHas('self', 'tls', 'cert')}`,
    message: 'spec.config.service.enable_tls needs a certificate: set spec.config.tls.cert and spec.config.tls.key',
    holds: ({ config }) => config?.service?.enable_tls !== true || config.tls?.cert !== undefined,
  },
  {
    at: ['spec', 'config', 'service'],
    cel: '!has(self.read_only_api_key) || has(self.api_key)',
    message: 'spec.config.service.read_only_api_key needs spec.config.service.api_key: without it nobody could write',
    holds: ({ config }) => !config?.service?.read_only_api_key || config.service.api_key !== undefined,
  },
  {
    at: ['spec'],
    cel: ['self', 'oldSelf'].map((object) => celHas(object, 'config', 'tls', 'caCert')).join(' == '),
    message:
      'spec.config.tls.caCert cannot be added or taken away, because peers would no longer reach each other: create another cluster instead',
    holds: null,
  },
];

const objectRules: readonly SpecRule[] = [
  {
    at: ['spec', 'podDisruptionBudget'],
    cel: '!(has(self.minAvailable) && has(self.maxUnavailable))',
    message: 'spec.podDisruptionBudget may have minAvailable or maxUnavailable, not both: remove one',
    holds: ({ podDisruptionBudget: budget }) =>
      budget?.minAvailable === undefined || budget.maxUnavailable === undefined,
  },
  {
    at: ['spec', 'service'],
    cel: "!has(self.loadBalancerSourceRanges) || size(self.loadBalancerSourceRanges) == 0 || (has(self.type) && self.type == 'LoadBalancer')",
    message: 'spec.service.loadBalancerSourceRanges needs spec.service.type LoadBalancer: set the type, or remove them',
    holds: ({ service }) => !service?.loadBalancerSourceRanges?.length || service.type === 'LoadBalancer',
  },
  {
    at: ['spec', 'storage'],
    cel: 'has(self.iops) == has(self.throughput) && !(has(self.volumeAttributesClassName) && has(self.iops))',
    message:
      'spec.storage may have volumeAttributesClassName, or iops and throughput together: remove what is too much',
    holds: ({ storage }) =>
      (storage?.iops === undefined) === (storage?.throughput === undefined) &&
      !(storage?.volumeAttributesClassName !== undefined && storage.iops !== undefined),
  },
  durationRule(['drain'], 'timeout', ({ operator }) => operator?.drain?.timeout),
  durationRule(['deadPeer'], 'detectAfter', ({ operator }) => operator?.deadPeer?.detectAfter),
];

export const specRules: readonly SpecRule[] = [...nameRules, ...resourceRules, ...configRules, ...objectRules];
