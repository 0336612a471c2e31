import { ServiceError } from '../errors.js';

/** Who asks, as far as rights go: established once per request by auth/, checked by every service method. */
export interface Access {
  /** `manage` may do everything; `read` sees everything and changes nothing. */
  readonly rights: 'manage' | 'read';
}

export const fullAccess: Access = { rights: 'manage' };
export const readAccess: Access = { rights: 'read' };

export function requireManage(access: Access): void {
  switch (access.rights) {
    case 'manage':
      return;
    case 'read':
      throw new ServiceError('forbidden', 'Global manage access is required');
  }
}

export function requireWrite(access: Access, collection: string): void {
  switch (access.rights) {
    case 'manage':
      return;
    case 'read':
      throw new ServiceError('forbidden', `Write access to collection ${collection} is required`);
  }
}
