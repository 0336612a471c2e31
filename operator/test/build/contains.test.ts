import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains } from '../../src/build/contains.js';

describe('a live object contains what is wanted', () => {
  it('with defaults, labels and fields of others beside it', () => {
    const wanted = { metadata: { labels: { a: '1' } }, spec: { replicas: 3 } };
    const live = {
      metadata: { labels: { a: '1', b: '2' }, uid: 'x' },
      spec: { replicas: 3, revisionHistoryLimit: 10 },
      status: {},
    };
    expect(contains(live, wanted)).toBe(true);
    expect(contains({ ...live, spec: { replicas: 2 } }, wanted)).toBe(false);
    expect(contains({ ...live, metadata: {} }, wanted)).toBe(false);
    expect(contains(null, wanted)).toBe(false);
  });

  it('with quantities in another spelling, where quantities stand', () => {
    const pod = (limits: object) => ({ resources: { limits } });
    expect(contains(pod({ memory: '1Gi', cpu: '500m' }), pod({ memory: '1024Mi', cpu: '0.5' }))).toBe(true);
    expect(contains(pod({ memory: '1Gi' }), pod({ memory: '1G' }))).toBe(false);
    expect(contains({ emptyDir: { sizeLimit: '1Gi' } }, { emptyDir: { sizeLimit: '1024Mi' } })).toBe(true);
    const variable = (value: string) => ({ env: [{ name: 'SIZE', value }] });
    expect(contains(variable('1Gi'), variable('1024Mi')), 'text is text').toBe(false);
  });

  it('with members of lists by their names, whatever stands between them', () => {
    const wanted = { containers: [{ name: 'qdrant', image: 'a:1' }] };
    expect(contains({ containers: [{ name: 'proxy' }, { name: 'qdrant', image: 'a:1', tty: false }] }, wanted)).toBe(
      true,
    );
    expect(contains({ containers: [{ name: 'qdrant', image: 'a:2' }] }, wanted)).toBe(false);
    expect(contains({ containers: [{ name: 'proxy' }] }, wanted)).toBe(false);
  });

  it('with a volume that is mounted twice', () => {
    const mounts = [
      { name: 'data', mountPath: '/a' },
      { name: 'data', mountPath: '/b', subPath: 's' },
    ];
    expect(contains({ mounts }, { mounts })).toBe(true);
    expect(contains({ mounts: mounts.slice(0, 1) }, { mounts })).toBe(false);
  });

  it('with claim templates by the names of their objects', () => {
    const template = (name: string, storage: string) => ({
      metadata: { name },
      spec: { resources: { requests: { storage } } },
    });
    expect(contains([template('b', '1Gi'), template('a', '2Gi')], [template('a', '2048Mi')])).toBe(true);
    expect(contains([template('a', '1Gi')], [template('a', '2Gi')])).toBe(false);
  });

  it('with lists that have no names only as a whole', () => {
    expect(contains({ command: ['sh', 'a'] }, { command: ['sh', 'a'] })).toBe(true);
    expect(contains({ command: ['sh', 'a', 'b'] }, { command: ['sh', 'a'] })).toBe(false);
    expect(contains({ tolerations: [{ key: 'a' }] }, { tolerations: [{ key: 'b' }] })).toBe(false);
  });

  it('without what is empty or not said', () => {
    expect(contains({}, { annotations: {}, list: [], emptyDir: { sizeLimit: undefined }, x: undefined, y: null })).toBe(
      true,
    );
    expect(contains({ volume: { configMap: {} } }, { volume: { emptyDir: { medium: 'Memory' } } })).toBe(false);
  });

  it('with times as they are sent and as they are read', () => {
    const time = new Date('2026-11-21T18:00:00Z');
    expect(contains({ at: '2026-11-21T18:00:00Z' }, { at: time })).toBe(true);
    expect(contains({ at: time }, { at: new Date(0) })).toBe(false);
  });

  it('never takes prototypes for fields, and survives depth', () => {
    expect(contains({}, { constructor: Object.name })).toBe(false);
    let deep: unknown = 'end';
    for (let level = 0; level < 100_000; level += 1) deep = { deep };
    expect(contains(deep, deep)).toBe(false);
  });

  it('when it is the same, and more so with more in it', () => {
    const json = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), fc.dictionary(fc.string(), json), (wanted, more) => {
        expect(contains(structuredClone(wanted), wanted)).toBe(true);
        expect(contains({ ...more, ...wanted }, wanted)).toBe(true);
      }),
      { numRuns: 300, seed: 7 },
    );
  });
});
