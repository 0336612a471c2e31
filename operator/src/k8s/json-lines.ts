import { StringDecoder } from 'node:string_decoder';
import { KubernetesError } from './kubernetes-api.js';

/** Objects of etcd end at 1.5 MB; as JSON they may be a few times that. */
const maxLineLength = 16 * 1024 * 1024;

/** The lines of a stream, however they are cut into chunks. One that never ends, or a last one without an end, throws. */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>, maxLength = maxLineLength): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  // Joined only when the line is whole: a line in many small pieces costs no more than its length.
  let pieces: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const parts = decoder.write(Buffer.from(chunk)).split('\n');
    for (const [i, part] of parts.entries()) {
      if (i > 0) {
        const line = pieces.join('');
        pieces = [];
        length = 0;
        if (line.trim() !== '') yield line;
      }
      length += part.length;
      if (length > maxLength) throw new KubernetesError('unavailable', `a line of a watch is over ${maxLength} long`);
      if (part !== '') pieces.push(part);
    }
  }
  if (length > 0) throw new KubernetesError('unavailable', 'a watch ended in the middle of a line');
}
