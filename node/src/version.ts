/** The version of the API that this node speaks: official clients compare it with their own. */
export const apiVersion = '1.19.0';

/** The version of this software, shown by telemetry. */
export const nodeVersion = '0.1.0';
