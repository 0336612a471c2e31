/** What `/metrics` shows of the cluster, under the original's names. Without a cluster there is one gauge that says so. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { fullAccess } from '../service/access.js';
import type { ClusterService, ClusterStatus } from '../service/cluster-service.js';

/** `repairedRanges`: of replicas that differed and were made equal, since the start. */
export function addClusterMetrics(
  registry: Registry,
  cluster: ClusterService,
  prefix: string,
  repairedRanges: () => number,
): void {
  const registers = [registry];
  const enabled = cluster.status(fullAccess) !== null;
  new Gauge({ name: `${prefix}cluster_enabled`, help: 'is the cluster support enabled', registers }).set(
    enabled ? 1 : 0,
  );
  if (!enabled) return;
  const gauge = (name: string, help: string, value: (status: ClusterStatus) => number): void => {
    new Gauge({
      name: `${prefix}${name}`,
      help,
      registers,
      collect() {
        const status = cluster.status(fullAccess);
        if (status !== null) this.set(value(status));
      },
    });
  };
  gauge('cluster_peers_total', 'total number of cluster peers', ({ peers }) => peers.length);
  gauge('cluster_term', 'current cluster term', ({ consensus }) => consensus.term);
  gauge('cluster_commit', 'last commit index of this peer', ({ consensus }) => consensus.commit);
  gauge(
    'cluster_pending_operations_total',
    'total number of pending operations for cluster peer',
    ({ consensus }) => consensus.pendingOperations,
  );
  gauge('cluster_voter', 'is the cluster peer a voter or learner', ({ consensus }) => (consensus.isVoter ? 1 : 0));
  new Counter({
    name: `${prefix}replica_ranges_repaired_total`,
    help: 'ranges of points in which replicas differed and were made equal by this peer',
    registers,
    collect() {
      this.reset();
      this.inc(repairedRanges());
    },
  });
}
