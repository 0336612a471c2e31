import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StandaloneConsensus } from '../../src/consensus/standalone-consensus.js';
import type { MetadataOperation } from '../../src/metadata/metadata-operation.js';
import { newCollectionConfig } from '../../src/service/new-collection-config.js';
import { settingsSchema } from '../../src/settings/settings.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vdb-consensus-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const config = newCollectionConfig({ vectors: [], sparseVectors: [] }, settingsSchema.parse({}));

const create = ({ self }: StandaloneConsensus, name: string): MetadataOperation => ({
  kind: 'create-collection',
  name,
  config,
  placement: [[self]],
});

describe('the consensus of one node', () => {
  it('finds its state again', async () => {
    const first = await StandaloneConsensus.open(folder);
    await first.propose(create(first, 'a'));
    await first.propose(create(first, 'b'));
    await first.propose({ kind: 'delete-collection', collection: 1 });
    const second = await StandaloneConsensus.open(folder);
    expect(second.state).toEqual(first.state);
    expect([...second.state.collections.keys()]).toEqual(['b']);
  });

  it('applies proposals one after the other in the order of their arrival', async () => {
    const consensus = await StandaloneConsensus.open(folder);
    const names = Array.from({ length: 20 }, (_, index) => `c${index % 5}`);
    const applied = await Promise.all(names.map((name) => consensus.propose(create(consensus, name))));
    expect(applied.map(({ index }) => index)).toEqual(names.map((_, index) => index + 1));
    expect(applied.map(({ rejection }) => rejection === null)).toEqual(names.map((_, index) => index < 5));
  });

  it('has written an operation before it says so', async () => {
    const consensus = await StandaloneConsensus.open(folder);
    await consensus.propose(create(consensus, 'a'));
    expect(readFileSync(join(folder, 'metadata.json'), 'utf8')).toContain('"name": "a"');
  });

  it('keeps its state when it cannot write', async () => {
    const consensus = await StandaloneConsensus.open(folder);
    rmSync(folder, { recursive: true });
    await expect(consensus.propose(create(consensus, 'a'))).rejects.toThrow('ENOENT');
    expect(consensus.state.appliedIndex).toBe(0);
    expect(consensus.state.collections.size).toBe(0);
    folder = mkdtempSync(join(tmpdir(), 'vdb-consensus-'));
  });

  it('ignores what a crash left of a write', async () => {
    const first = await StandaloneConsensus.open(folder);
    await first.propose(create(first, 'a'));
    writeFileSync(join(folder, 'metadata.json.tmp'), '{"format":1,"appl');
    const second = await StandaloneConsensus.open(folder);
    expect([...second.state.collections.keys()]).toEqual(['a']);
  });

  it('refuses a file that it cannot trust, by name', async () => {
    writeFileSync(join(folder, 'metadata.json'), '{"format":9}');
    await expect(StandaloneConsensus.open(folder)).rejects.toThrow(/metadata\.json cannot be used.*format 9/);
  });
});
