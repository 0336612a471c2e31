import { namesOf } from '../../src/api/group.js';
import { controllersContract } from './controllers-contract.js';
import { FakeKubernetes } from './fake-kubernetes/fake-kubernetes.js';
import { SimulatedWorld } from './simulated/simulated-world.js';

controllersContract('simulated ones', () => {
  const { server, clock } = new SimulatedWorld();
  return Promise.resolve({
    api: new FakeKubernetes(server),
    namespace: 'contract',
    image: 'node',
    startAnnotation: namesOf('qdrantcluster.dev').annotations.start,
    patienceMs: 60_000,
    nowMs: () => clock.monotonicMs(),
    pause: () => clock.run(100),
    close: () => Promise.resolve(),
  });
});
