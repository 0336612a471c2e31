import { expect, it } from 'vitest';
import { formatTable } from '../src/text-table.js';

const columns = [
  { title: 'word', align: 'left', maxWidth: 6 },
  { title: 'score', align: 'right', maxWidth: 6 },
] as const;

it('aligns cells under their titles and cuts what is too long', () => {
  expect(
    formatTable(columns, [
      ['owl', '0.9'],
      ['nightingale', '10'],
    ]),
  ).toEqual(['word    score', '------  -----', 'owl       0.9', 'night…     10']);
});

it('is its titles when there are no rows, and fills missing cells', () => {
  expect(formatTable(columns, [])).toEqual(['word  score', '----  -----']);
  expect(formatTable(columns, [['a']])[2]).toBe('a');
});
