import js from '@eslint/js';
import tseslint from 'typescript-eslint';

// What the pure folders may not reach for: clock, random source, network and disk are passed in to them.
const ambientInputs = [
  { object: 'Date', property: 'now', message: 'Pure folders get the time passed in.' },
  { object: 'Math', property: 'random', message: 'Pure folders get their random source passed in.' },
  { object: 'performance', property: 'now', message: 'Pure folders get the time passed in.' },
];

export default tseslint.config(
  {
    ignores: [
      '**/dist/',
      'build/',
      'node/build/',
      '**/node_modules/',
      'coverage/',
      'storage/',
      'snapshots/',
      'node/src/api/grpc/generated/',
      'node/src/peers/generated/',
    ],
  },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'max-lines': ['error', { max: 500 }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      eqeqeq: 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
        { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Settings and JSON are read by bracket where the compiler asks for it (noPropertyAccessFromIndexSignature).
      '@typescript-eslint/dot-notation': 'off',
      // With noUncheckedIndexedAccess every `array[i]` in a counted loop would need a branch that can't be taken.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: [
      'node/src/{raft,metadata,placement,payload,query}/**/*.ts',
      'operator/src/{api,build,assess,plan,status}/**/*.ts',
    ],
    rules: { 'no-restricted-properties': ['error', ...ambientInputs] },
  },
  {
    // Kubernetes' types are declared as classes in its client, but are plain JSON on both sides of a request.
    files: ['operator/**/*.ts', 'e2e/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
    },
  },
  {
    files: ['**/test/**/*.ts', '**/*.test.ts'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    files: ['*.config.{js,ts}', '**/vitest.config.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.cjs', '*.js'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', module: 'writable', URL: 'readonly' } },
  },
);
