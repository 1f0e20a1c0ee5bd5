import { Alert, Code, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { Link } from 'wouter';
import type { RunView } from '../../../../shared/runtime/run-view.ts';
import { runsAddress } from '../base/addresses.ts';
import { instant, price, span, whole } from '../base/format.ts';
import { useLanguage, worded } from '../base/language.tsx';
import { useTitle } from '../base/title.ts';
import { Facts } from '../ui/facts.tsx';
import { Outcome } from '../ui/outcome.tsx';
import { Empty, Failure, Loading } from '../ui/state.tsx';
import { useRun } from './queries.ts';
import { Items } from './run-items.tsx';
import { CountsLine, Reasons } from './sums.tsx';
import { useTasksTexts } from './texts.ts';
import { useTaskNames } from './words.ts';

/** One run: what it did and did not do, why, and what it cost. */
export default function RunPage({ id }: { id: string }) {
  const names = useTaskNames();
  const texts = useTasksTexts();
  const { data, error, isPending, refetch } = useRun(id);
  useTitle(`${texts.run.title} ${id}`);
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} missing={texts.run.missing} />;
  return (
    <Stack gap="lg">
      <div>
        <Title order={1} size="h2">
          {texts.run.title} · {worded(names, data.task)}
        </Title>
        <Code className="wrapped">{data.id}</Code>
      </div>
      <Group gap="sm">
        <Outcome outcome={data.outcome} />
        <CountsLine task={data.task} counts={data.counts} />
      </Group>
      {data.error && (
        <Alert color="red" title={texts.run.error}>
          <Code block className="wrapped">
            {data.error}
          </Code>
        </Alert>
      )}
      {data.complete === false && <Alert color="orange">{texts.result.incomplete}</Alert>}
      <About run={data} />
      <Why run={data} />
      <Items run={data} />
      <Cost run={data} />
      <Attempts run={data} />
      <Link href={runsAddress(data.task ?? '')}>{texts.list.history}</Link>
    </Stack>
  );
}

function About({ run }: { run: RunView }) {
  const { language } = useLanguage();
  const texts = useTasksTexts();
  const at = (iso: string | null) => instant(iso, language, true);
  return (
    <Facts
      facts={[
        [texts.run.started, at(run.started_at)],
        [texts.run.finished, at(run.finished_at)],
        [texts.run.duration, span(run.duration_ms, language)],
        [texts.run.occurrence, run.occurrence && at(run.occurrence)],
        [texts.run.trigger, worded(texts.trigger, run.trigger)],
        [texts.run.requestedBy, run.requested_by],
        [texts.run.attempt, run.attempt === null ? null : String(run.attempt)],
        [texts.run.params, pairsOf(run.params)],
      ]}
    />
  );
}

/** Names and their values, as a person reads them. */
const pairsOf = (fields: Record<string, unknown>): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(', ');

function Why({ run }: { run: RunView }) {
  const texts = useTasksTexts();
  const some = Object.keys({ ...run.skipped, ...run.failed }).length > 0;
  return (
    <section>
      <Title order={2} size="h4">
        {texts.run.reasons}
      </Title>
      {some ? <Reasons run={run} /> : <Empty>{texts.run.noReasons}</Empty>}
      {run.notes && run.notes.length > 0 && (
        <>
          <Text fw={600}>{texts.run.notes}</Text>
          <Code block className="wrapped">
            {run.notes.map(pairsOf).join('\n')}
          </Code>
        </>
      )}
    </section>
  );
}

function Cost({ run }: { run: RunView }) {
  const { language } = useLanguage();
  const texts = useTasksTexts();
  if (!run.cost) return null;
  const { usd = null, ...units } = run.cost;
  const rows: [string, string][] = [
    ...Object.entries(units).map(([unit, count]): [string, string] => [unit, whole(count, language)]),
    ['usd', price(usd, language)],
  ];
  return (
    <section>
      <Title order={2} size="h4">
        {texts.run.cost}
      </Title>
      <Paper withBorder radius="md" p="md" mt="xs">
        <dl className="table">
          {rows.map(([name, value]) => (
            <div key={name}>
              <dt>{worded(texts.cost, name)}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </Paper>
    </section>
  );
}

function Attempts({ run: { attempts = [] } }: { run: RunView }) {
  const { language } = useLanguage();
  const texts = useTasksTexts();
  if (attempts.length === 0) return null;
  return (
    <section>
      <Title order={2} size="h4">
        {texts.run.earlier}
      </Title>
      <ul className="reasons">
        {attempts.map(({ attempt, outcome, started_at, error }) => (
          <li key={attempt}>
            {attempt}. {instant(started_at, language, true)} <Outcome outcome={outcome} />{' '}
            {error && <Code className="wrapped">{error}</Code>}
          </li>
        ))}
      </ul>
    </section>
  );
}
