/** Who asks, as far as rights go: established once per request by auth/, checked by every service method. */
export interface Access {
  /** `manage` may do everything; `read` sees everything and changes nothing. */
  readonly rights: 'manage' | 'read';
}

export const fullAccess: Access = { rights: 'manage' };
export const readAccess: Access = { rights: 'read' };
