/** The overlay of `QDRANT__A__B__C` variables on the configuration files. */

export type ConfigTree = Readonly<Record<string, unknown>>;

const prefix = 'QDRANT__';

export function isTree(value: unknown): value is ConfigTree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `over` wins; trees are merged key by key, everything else is replaced. */
export function mergeTrees(under: ConfigTree, over: ConfigTree): ConfigTree {
  const merged = new Map<string, unknown>(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    const below = merged.get(key);
    merged.set(key, isTree(below) && isTree(value) ? mergeTrees(below, value) : value);
  }
  return Object.fromEntries(merged);
}

/** Variables as a tree of text. Names are case-insensitive, as the keys they stand for are lower case. */
export function environmentTree(environment: Readonly<Record<string, string | undefined>>): ConfigTree {
  let tree: ConfigTree = {};
  for (const name of Object.keys(environment).sort()) {
    const value = environment[name];
    if (value === undefined || !name.toUpperCase().startsWith(prefix)) continue;
    const keys = name.slice(prefix.length).toLowerCase().split('__');
    if (keys.some((key) => key === '')) continue;
    tree = mergeTrees(tree, keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as ConfigTree);
  }
  return tree;
}
