import { describe, expect, it } from 'vitest';
import { bootstrapRecord, parseBootstrapRecord } from '../../src/build/bootstrap-record.js';
import { clusterBase } from '../../src/build/cluster-base.js';
import { settings, theSmallCluster } from './clusters.js';

const claim = { peer: '18446744073709551615', ordinal: 0, at: '2026-11-21T18:00:00.000Z' };

describe('the record of the claim', () => {
  it('says what was claimed, and is the resource’s', () => {
    const record = bootstrapRecord(clusterBase(theSmallCluster, settings), claim);
    expect(record.metadata).toMatchObject({
      name: 'qdrant-small-bootstrap',
      ownerReferences: [{ uid: theSmallCluster.metadata.uid, controller: true }],
    });
    if (record.kind !== 'ConfigMap') throw new Error(record.kind);
    expect(parseBootstrapRecord(record)).toEqual(claim);
  });

  it.each([
    [undefined],
    [{}],
    [{ peer: '1', ordinal: '0' }],
    [{ peer: '', ordinal: '0', at: '' }],
    [{ peer: '1x', ordinal: '0', at: '' }],
    [{ peer: '1'.repeat(21), ordinal: '0', at: '' }],
    [{ peer: '1', ordinal: '-1', at: '' }],
    [{ peer: '1', ordinal: '1e9', at: '' }],
    [{ peer: '1', ordinal: '9999999', at: '' }],
    [{ peer: '1', ordinal: '0', at: 'x'.repeat(65) }],
  ])('says nothing when it is broken: %j', (data) => {
    expect(parseBootstrapRecord(data === undefined ? {} : { data })).toBeNull();
  });
});
