/** Where the API server is, and what it is to be shown. */
import type http from 'node:http';
import type https from 'node:https';

export interface AccessNow {
  readonly server: URL;
  readonly headers: http.OutgoingHttpHeaders;
  /** Certificates, and whatever else connections need. */
  readonly options: https.RequestOptions;
  /** The agent in the options goes through a proxy. */
  readonly proxied: boolean;
}

export interface ApiAccess {
  /** Read anew from where it comes, which changes while the process runs. */
  now(): Promise<AccessNow>;
}
