/** The version of this software, shown by --version and in the log. */
export const operatorVersion = '0.1.0';
