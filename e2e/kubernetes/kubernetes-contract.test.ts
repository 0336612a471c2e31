import { ownGroup } from '../../operator/src/api/group.js';
import { kubernetesClient } from '../../operator/src/k8s/kubernetes-client.js';
import { systemClock } from '../../operator/src/system-clock.js';
import { kubernetesContract } from '../../operator/test/k8s/contract.js';
import { testNamespace } from './harness/test-namespace.js';

const namespace = testNamespace('contract');

kubernetesContract('a real one', () => {
  const api = kubernetesClient(null, systemClock);
  return Promise.resolve({
    api,
    namespace,
    clusterApiVersion: `${ownGroup}/v1`,
    pause: () => systemClock.sleep(200),
    close: () => {
      api.close();
      return Promise.resolve();
    },
  });
});
