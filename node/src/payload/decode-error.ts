/** What is wrong with a part of a request, and where. The API composes the answer from it. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  /** Place in the body, for example `filter.must[0].match`. The message does not repeat it. */
  readonly path: string;

  constructor(path: string, problem: string) {
    super(problem);
    this.path = path;
  }
}
