import { namesOf, ownGroup } from '../../operator/src/api/group.js';
import { kubernetesClient } from '../../operator/src/k8s/kubernetes-client.js';
import { systemClock } from '../../operator/src/system-clock.js';
import { controllersContract } from '../../operator/test/world/controllers-contract.js';
import { nodeImage, version } from './harness/settings.js';
import { testNamespace } from './harness/test-namespace.js';

const namespace = testNamespace('controllers');

controllersContract('real ones', () => {
  const api = kubernetesClient(null, systemClock);
  return Promise.resolve({
    ...{ api, namespace, image: `${nodeImage}:${version}` },
    startAnnotation: namesOf(ownGroup).annotations.start,
    patienceMs: 120_000,
    nowMs: () => systemClock.monotonicMs(),
    pause: () => systemClock.sleep(200),
    close: () => {
      api.close();
      return Promise.resolve();
    },
  });
});
