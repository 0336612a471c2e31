/** The names, numbers and types under proto/ are those that the official client sends. */
import { fromBinary, type DescEnum, type DescFile, type DescMessage } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { createFileRegistry } from '@bufbuild/protobuf';
import * as client from '@qdrant/js-client-grpc';
import { describe, expect, test } from 'vitest';
import { fileDescriptorSet } from '../../src/api/grpc/generated/descriptors.js';

const ours = createFileRegistry(fromBinary(FileDescriptorSetSchema, fileDescriptorSet));

const files: readonly DescFile[] = [
  client.CollectionInfoSchema.file,
  client.PointStructSchema.file,
  client.ValueSchema.file,
  client.FilterSchema.file,
  client.HealthCheckReplySchema.file,
  client.SnapshotDescriptionSchema.file,
];

function fieldsOf(message: DescMessage): unknown[] {
  return message.fields.map((field) => ({
    name: field.name,
    number: field.number,
    type: field.proto.type,
    typeName: field.proto.typeName,
    label: field.proto.label,
    oneof: field.oneof?.name,
    optional: field.proto.proto3Optional,
  }));
}

function valuesOf(type: DescEnum): unknown[] {
  return type.values.map(({ name, number }) => ({ name, number }));
}

function allMessages(messages: readonly DescMessage[]): DescMessage[] {
  return messages.flatMap((message) => [message, ...allMessages(message.nestedMessages)]);
}

describe.each(files.map((file) => [file.name, file] as const))('%s of the client', (_name, file) => {
  const messages = allMessages(file.messages);

  test.each(messages.map((message) => [message.typeName, message] as const))('message %s', (typeName, message) => {
    const mine = ours.getMessage(typeName);
    expect(mine && fieldsOf(mine)).toEqual(fieldsOf(message));
  });

  const enums = [...file.enums, ...messages.flatMap((message) => message.nestedEnums)];
  test.each(enums.map((type) => [type.typeName, type] as const))('enum %s', (typeName, type) => {
    const mine = ours.getEnum(typeName);
    expect(mine && valuesOf(mine)).toEqual(valuesOf(type));
  });
});

test('the methods of every service', () => {
  const methods = (name: string): string[] => ours.getService(name)?.methods.map((method) => method.name) ?? [];
  expect(methods('qdrant.Points')).toHaveLength(30);
  expect(methods('qdrant.Collections')).toHaveLength(14);
  expect(methods('qdrant.Snapshots')).toHaveLength(6);
  expect(methods('qdrant.Qdrant')).toEqual(['HealthCheck']);
  expect(methods('grpc.health.v1.Health')).toEqual(['Check', 'Watch']);
});
