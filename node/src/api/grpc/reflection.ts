/** Server reflection, v1 and v1alpha, from the descriptors that were generated with the codecs. */
import { ServerInterceptingCall, type Server, type ServerInterceptor } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import type { NodeServices } from '../../service/node-services.js';
import { fileDescriptorSet } from './generated/descriptors.js';
import { accessOf, statusOf } from './unary-call.js';
import { wireFields } from './wire-fields.js';

const reflectionPaths = '/grpc.reflection.';

/** `google.protobuf.FileDescriptorSet` has one field: the repeated `file`. */
function fileDescriptors(): Buffer[] {
  return Array.from(wireFields(fileDescriptorSet), ({ content }) => Buffer.from(content));
}

export function addReflection(server: Server): void {
  // The service collects the descriptors of whatever definitions it is given, and reads nothing else of them.
  const everything = {
    format: 'Protocol Buffer 3 EnumDescriptorProto',
    type: {},
    fileDescriptorProtos: fileDescriptors(),
  } as const;
  new ReflectionService({ everything }).addToServer(server);
}

/** Asks for the key before the handlers of the reflection package see the call. */
export function reflectionGuard(services: NodeServices): ServerInterceptor {
  return (method, call) => {
    if (!method.path.startsWith(reflectionPaths)) return new ServerInterceptingCall(call);
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, pass) => {
            try {
              accessOf(services, metadata);
            } catch (error) {
              const { code, details } = statusOf(error);
              call.sendStatus({ code, details });
              return;
            }
            pass(metadata);
          },
        });
      },
    });
  };
}
