import { ScrollArea, Table, Text } from '@mantine/core';
import { Link } from 'wouter';
import type { RunReply } from '../../../../shared/runtime/run-view.ts';
import { followupAddress } from '../base/addresses.ts';
import { amountText, whole } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { useTasksTexts } from './texts.ts';
import { useReasons } from './words.ts';

type Candidate = NonNullable<RunReply['candidates']>[number];

/** The question names at most this many people. */
const NAMED = 5;

const text = (value: Candidate[string] | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

/** Returns whom the acts of a dry run touch, each once. */
export function summaryOf(candidates: readonly Candidate[]): string[] {
  const names = candidates
    .filter(({ decision }) => decision === 'act')
    .map((one) => text(one['customer']) ?? text(one['name']) ?? text(one['recipient']) ?? text(one['path']));
  return [...new Set(names.filter((name) => name !== null))].slice(0, NAMED);
}

/** Lists what a dry run has decided about each candidate, by the names that people know. */
export function Candidates({ task, reply: { counts, candidates = [] } }: { task: string; reply: RunReply }) {
  const { result } = useTasksTexts();
  const reasonText = useReasons(task);
  if (candidates.length === 0) return null;
  return (
    <>
      {candidates.length < counts.candidates && (
        <Text size="sm" c="dimmed">
          {result.first(candidates.length, counts.candidates)}
        </Text>
      )}
      <ScrollArea.Autosize mah={320} type="auto" viewportProps={{ tabIndex: 0 }}>
        <Table stickyHeader verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{result.candidate}</Table.Th>
              <Table.Th>{result.decision}</Table.Th>
              <Table.Th>{result.reason}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {candidates.map((one) => (
              <Table.Tr key={one.id}>
                <Table.Td className="wrapped">
                  <Name task={task} candidate={one} />
                </Table.Td>
                <Table.Td className={one.decision === 'fail' ? 'reason-failed' : undefined}>
                  {result[one.decision]}
                </Table.Td>
                <Table.Td>{reasonText(one.reason)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
    </>
  );
}

/** A candidate by its name, else by its id. */
function Name({ task, candidate: one }: { task: string; candidate: Candidate }) {
  const { language } = useLanguage();
  const { result } = useTasksTexts();
  const name =
    text(one['label']) ?? text(one['ticket_number']) ?? text(one['name']) ?? text(one['path']) ?? one.id;
  const { amount, level, days_in_stage: days } = one;
  const more = [
    text(one['customer']),
    text(one['recipient']),
    text(one['stage']),
    typeof days === 'number' && result.days(whole(Math.floor(days), language)),
    typeof level === 'number' && result.level(level),
    typeof amount === 'number' && amountText(amount, text(one['currency']), language),
    text(one['user_id']),
    text(one['error']),
  ].filter(Boolean);
  return (
    <>
      {task === 'process-followups' && !text(one['error']) ? (
        <Link href={followupAddress(one.id)}>{name}</Link>
      ) : (
        <span>{name}</span>
      )}{' '}
      <span className="dimmed">{more.join(' · ')}</span>
    </>
  );
}
