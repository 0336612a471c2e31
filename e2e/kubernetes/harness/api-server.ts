/** Clients of the API server with all rights, for what tests look at. */
import {
  AppsV1Api,
  CoreV1Api,
  CoordinationV1Api,
  CustomObjectsApi,
  KubeConfig,
  PolicyV1Api,
} from '@kubernetes/client-node';

export const kubeConfig = new KubeConfig();
kubeConfig.loadFromDefault();

export const core = kubeConfig.makeApiClient(CoreV1Api);
export const apps = kubeConfig.makeApiClient(AppsV1Api);
export const policy = kubeConfig.makeApiClient(PolicyV1Api);
export const coordination = kubeConfig.makeApiClient(CoordinationV1Api);
export const custom = kubeConfig.makeApiClient(CustomObjectsApi);
