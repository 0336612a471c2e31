// The arrows between the folders of node/src go one way. A folder may import what stands in a layer
// below its own, itself, and the folders that are in no layer; never a layer above.
const layers = [
  ['raft', 'metadata', 'placement', 'engine', 'payload'],
  ['query', 'shard'],
  ['consensus', 'replica'],
  ['collection', 'peers', 'transfer'],
  ['service'],
  ['api'],
];

// The operator's folders follow a pass: observe -> assess -> plan -> apply -> status.
// Names and manifests come from the resource alone, so that what observes knows by them what belongs to a cluster.
const operatorLayers = [
  ['api', 'qdrant', 'observe', 'k8s', 'build'],
  ['assess'],
  ['plan'],
  ['apply', 'status'],
  ['controller'],
];
const operatorSource = (folders) => `^operator/src/(${folders.join('|')})/`;
const operatorUpward = operatorLayers.slice(0, -1).map((folders, level) => ({
  name: `operator-not-above-${folders.join('-')}`,
  comment: 'A lower layer does not know the layers above it.',
  severity: 'error',
  from: { path: operatorSource(folders) },
  to: { path: operatorSource(operatorLayers.slice(level + 1).flat()) },
}));

const source = (folders) => `^node/src/(${folders.join('|')})/`;
const upward = layers.slice(0, -1).map((folders, level) => ({
  name: `not-above-${folders.join('-')}`,
  comment: 'A lower layer does not know the layers above it.',
  severity: 'error',
  from: { path: source(folders) },
  to: { path: source(layers.slice(level + 1).flat()) },
}));

module.exports = {
  forbidden: [
    ...upward,
    ...operatorUpward,
    {
      name: 'operator-takes-only-placement-from-the-node',
      comment: 'The operator carries no native code.',
      severity: 'error',
      from: { path: '^operator/src/' },
      to: { path: '^node/', pathNot: '^node/(src|dist)/placement/' },
    },
    {
      name: 'raft-imports-nothing',
      comment: 'The Raft algorithm is a pure state machine.',
      severity: 'error',
      from: { path: '^node/src/raft/' },
      to: { pathNot: '^node/src/raft/' },
    },
    {
      name: 'pure-folders-touch-no-world',
      comment: 'Clock, network, disk and random source are passed in to the pure folders.',
      severity: 'error',
      // The hash of a manifest is a function of it alone; the rest of that module is not.
      from: {
        path: [
          source(['raft', 'metadata', 'placement', 'query']),
          operatorSource(['api', 'assess', 'build', 'plan', 'status']),
        ],
        pathNot: '^operator/src/build/manifest-hash\\.ts$',
      },
      to: {
        dependencyTypes: ['core'],
        path: '^(node:)?(fs|fs/promises|net|tls|dgram|dns|http|https|http2|crypto|child_process|worker_threads|cluster|timers|timers/promises|perf_hooks|os)$',
      },
    },
    {
      name: 'adapters-stay-apart',
      comment: 'REST and gRPC share services, not each other.',
      severity: 'error',
      from: { path: '^node/src/api/(rest|grpc)/' },
      to: { path: '^node/src/api/(rest|grpc)/', pathNot: '^node/src/api/$1/' },
    },
    {
      name: 'nothing-imports-the-entry',
      severity: 'error',
      from: {},
      to: { path: '^(node|operator)/src/main\\.ts$' },
    },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      // The addon is built; it is not there before the first build.
      to: { couldNotResolve: true, pathNot: '\\.node$' },
    },
    {
      name: 'no-development-packages-in-the-node',
      severity: 'error',
      from: { path: '^(node|operator)/src/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.check.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.json'],
      conditionNames: ['import', 'types', 'node', 'default'],
      exportsFields: ['exports'],
    },
  },
};
