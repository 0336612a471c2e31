/** Why a pod will not run by itself, in Kubernetes' words; null while it may still come up. */
import type { ObservedPod } from '../observe/observation.js';

/** Other reasons, such as ContainerCreating, are stations on the way. */
const troubles: ReadonlySet<string> = new Set([
  'CrashLoopBackOff',
  'CreateContainerConfigError',
  'CreateContainerError',
  'ErrImageNeverPull',
  'ErrImagePull',
  'ImageInspectError',
  'ImagePullBackOff',
  'InvalidImageName',
  'RunContainerError',
  'Unschedulable',
]);

const maxMessageLength = 500;

export function whyNotStarting(pod: ObservedPod): string | null {
  if (pod.ready || pod.waiting === null || !troubles.has(pod.waiting.reason)) return null;
  const message = pod.waiting.message.slice(0, maxMessageLength);
  return `${pod.name} does not start: ${pod.waiting.reason}${message === '' ? '' : `: ${message}`}`;
}
