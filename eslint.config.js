import tseslint from 'typescript-eslint';

// Formatting and syntax are biome's; here stand only the rules that need types.
export default tseslint.config(
  { ignores: ['dist/', 'demo/', '.test-work/'] },
  {
    files: ['**/*.ts'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      // What is shown is an object: in a string it would be [object Object].
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        {
          allowNumber: true,
          allowBoolean: true,
          allowNullish: true,
        },
      ],
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      // Without a comparison, texts are sorted by the units of their UTF-16: see src/lib/order.ts.
      '@typescript-eslint/require-array-sort-compare': ['error', { ignoreStringArrays: false }],
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.name=/^mkdir/] Property[key.name='recursive']",
          message:
            'Use makeDirectory: a recursive mkdir never ends where the kernel lets nothing be made, as in /proc.',
        },
        {
          selector:
            'ConditionalExpression[test.operator=/^[<>]$/] > UnaryExpression[operator="-"] > Literal[value=1], CallExpression[callee.property.name="localeCompare"]',
          message: 'Use compareBytes: JavaScript compares texts by the units of their UTF-16, or by the locale.',
        },
      ],
    },
  },
);
