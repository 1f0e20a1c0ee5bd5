import { useTasksTexts } from './texts.ts';
import '@mantine/charts/styles.css';
import { BarChart, LineChart } from '@mantine/charts';
import { SimpleGrid, Text } from '@mantine/core';
import type { RunLine } from '../../../../shared/runtime/run-view.ts';
import { instant, localeOf } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { Empty } from '../ui/state.tsx';

const HEIGHT = 180;
const MILLION = 1_000_000;
/** A figure is there at once. */
const STILL = { isAnimationActive: false };

/** How long the last runs took and what they cost, the newest on the right. */
export default function Chart({ runs }: { runs: readonly RunLine[] }) {
  const { language } = useLanguage();
  const texts = useTasksTexts();
  const data = runs
    .filter(({ duration_ms }) => duration_ms !== null)
    .map((run) => ({
      at: instant(run.started_at, language),
      duration: (run.duration_ms ?? 0) / 1000,
      cost: (run.usd ?? 0) * MILLION,
    }))
    .reverse();
  if (data.length === 0) return <Empty>{texts.chart.empty}</Empty>;
  const common = {
    h: HEIGHT,
    data,
    dataKey: 'at',
    withXAxis: false,
    gridAxis: 'x',
    tickLine: 'none',
  } as const;
  const number = (value: number) =>
    new Intl.NumberFormat(localeOf(language), { maximumFractionDigits: 2 }).format(value);
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} mt="md">
      <figure className="chart">
        <Text component="figcaption" size="sm">
          {texts.chart.duration}
        </Text>
        <LineChart
          {...common}
          series={[{ name: 'duration', label: texts.chart.duration, color: 'blue.6' }]}
          valueFormatter={number}
          curveType="linear"
          lineProps={STILL}
          withDots={data.length === 1}
        />
      </figure>
      <figure className="chart">
        <Text component="figcaption" size="sm">
          {texts.chart.cost}
        </Text>
        <BarChart
          {...common}
          series={[{ name: 'cost', label: texts.chart.cost, color: 'teal.6' }]}
          barProps={STILL}
          valueFormatter={number}
        />
      </figure>
    </SimpleGrid>
  );
}
