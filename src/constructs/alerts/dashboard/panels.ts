/*
 * Panels in the form that Grafana reads.
 */

/** A value of a panel, and what it is called. */
export interface Query {
  readonly expr: string;
  readonly legend: string;
}

export interface Step {
  readonly color: 'green' | 'orange' | 'red' | 'purple';
  /** From here on. */
  readonly from: number | null;
}

/** Fields of Grafana that several panels have. */
interface Panel {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
}

/** One number, or few, that are seen from the other end of the room. */
export interface Tile extends Panel {
  readonly queries: readonly TileQuery[];
  /** What is shown where there is no value. */
  readonly noValue: string;
}

export interface TileQuery extends Query {
  /** Green below the first. */
  readonly steps: readonly Step[];
  /** Words for values. */
  readonly words?: { readonly [value: string]: string };
  /** Where it is another than that of the tile. */
  readonly unit?: string;
}

export interface Series extends Panel {
  readonly queries: readonly Query[];
  /** A line across the panel, beyond which it is red. */
  readonly limit?: number;
}

export interface Column {
  readonly title: string;
  readonly unit: string;
  readonly expr: string;
  readonly steps?: readonly Step[];
  readonly words?: { readonly [value: string]: string };
}

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** Worse from a number on, and bad from another. */
export function until(bad: number, warn?: number): readonly Step[] {
  return [{ color: 'green', from: null }, ...warn === undefined ? [] : [{ color: 'orange' as const, from: warn }], { color: 'red', from: bad }];
}

export function tilePanel({ title, description, unit, queries, noValue }: Tile): object {
  return {
    type: 'stat',
    title,
    description,
    datasource: DATASOURCE,
    options: {
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      colorMode: 'background',
      graphMode: 'none',
      justifyMode: 'center',
      textMode: queries.length === 1 ? 'value' : 'value_and_name',
    },
    fieldConfig: {
      defaults: { unit, noValue, decimals: 0, min: 0 },
      overrides: queries.map(query => ({ matcher: { id: 'byName', options: query.legend }, properties: propertiesOf(query) })),
    },
    targets: queries.map(({ expr, legend }, i) => ({ refId: `Q${i + 1}`, datasource: DATASOURCE, expr, legendFormat: legend, instant: true, range: false })),
  };
}

export function seriesPanel({ title, description, unit, queries, limit }: Series): object {
  return {
    type: 'timeseries',
    title,
    description,
    datasource: DATASOURCE,
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...limit !== undefined && { thresholds: thresholds(until(limit)), custom: { thresholdsStyle: { mode: 'line+area' } } },
      },
      overrides: [DASHED],
    },
    targets: queries.map(({ expr, legend }, i) => ({ refId: `Q${i + 1}`, datasource: DATASOURCE, expr, legendFormat: legend })),
  };
}

/** A line for each that `by` tells apart. */
export function tablePanel(
  title: string, description: string, by: readonly (readonly [label: string, title: string])[], columns: readonly Column[],
): object {
  const valueOf = (i: number) => `Value #C${i + 1}`;
  return {
    type: 'table',
    title,
    description,
    datasource: DATASOURCE,
    fieldConfig: {
      defaults: { noValue: 'never', custom: { align: 'left' } },
      overrides: columns.map(({ title: name, unit, steps, words }) => ({
        matcher: { id: 'byName', options: name },
        properties: [{ id: 'unit', value: unit }, ...steps ? [{ id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } }, ...propertiesOf({ steps, words })] : []],
      })),
    },
    transformations: [
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          indexByName: Object.fromEntries([...by.map(([label]) => label), ...columns.map((_, i) => valueOf(i))].map((name, i) => [name, i])),
          renameByName: { ...Object.fromEntries(by), ...Object.fromEntries(columns.map((column, i) => [valueOf(i), column.title])) },
        },
      },
    ],
    targets: columns.map(({ expr }, i) => ({ refId: `C${i + 1}`, datasource: DATASOURCE, expr, format: 'table', instant: true, range: false })),
  };
}

function propertiesOf({ steps, words = {}, unit }: Pick<TileQuery, 'steps' | 'words' | 'unit'>): object[] {
  const options = Object.fromEntries(Object.entries(words).map(([value, text]) => [value, { text }]));
  return [
    { id: 'thresholds', value: thresholds(steps) },
    ...unit === undefined ? [] : [{ id: 'unit', value: unit }],
    ...Object.keys(words).length === 0 ? [] : [{ id: 'mappings', value: [{ type: 'value', options }] }],
  ];
}

function thresholds(steps: readonly Step[]): object {
  return { mode: 'absolute', steps: steps.map(({ color, from }) => ({ color, value: from })) };
}

/** What is promised is a dashed line. */
const DASHED = {
  matcher: { id: 'byRegexp', options: '.* (objective|limit|deadline)$' },
  properties: [{ id: 'custom.lineStyle', value: { fill: 'dash' } }],
};
