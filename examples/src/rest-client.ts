/** The few calls of the REST API that the demonstration and the benchmarks make, over fetch. */
export class RestClient {
  constructor(readonly url: string) {}

  /** The `result` of an answer; throws with the node's own words when the status is not 2xx. */
  async call<Result>(method: string, path: string, body?: unknown): Promise<Result> {
    const init: RequestInit = { method };
    if (body !== undefined) {
      init.body = typeof body === 'string' ? body : JSON.stringify(body);
      init.headers = { 'content-type': 'application/json' };
    }
    const answer = await fetch(this.url + path, init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (JSON.parse(text) as { result: Result }).result;
  }

  async text(path: string): Promise<string> {
    const answer = await fetch(this.url + path);
    return answer.text();
  }
}
